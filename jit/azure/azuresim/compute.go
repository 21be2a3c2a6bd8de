package azuresim

import (
	"cmp"
	"slices"
	"strings"
)

const vmType = "Microsoft.Compute/virtualMachines"

// vmBody is a machine; instance adds its instance view, which Azure leaves
// out unless asked.
func vmBody(v VM, instance bool) object {
	nics := []object{}
	for i, id := range v.NICs {
		nics = append(nics, object{"id": id, "properties": object{"primary": i == 0}})
	}
	os := cmp.Or(v.OS, "Linux")
	profile := object{"computerName": nameOf(v.ID), "adminUsername": "azureuser", "allowExtensionOperations": true}
	if strings.EqualFold(os, "Windows") {
		profile["windowsConfiguration"] = object{"provisionVMAgent": true, "enableAutomaticUpdates": true}
	} else {
		profile["linuxConfiguration"] = object{"disablePasswordAuthentication": true, "provisionVMAgent": true}
	}
	properties := object{
		"vmId": vmGUID(v), "provisioningState": succeeded,
		"hardwareProfile": object{"vmSize": cmp.Or(v.Size, "Standard_D2s_v5")},
		"storageProfile": object{
			"osDisk": object{"osType": os, "createOption": "FromImage", "name": nameOf(v.ID) + "_OsDisk"}, "dataDisks": []object{},
		},
		"osProfile":      profile,
		"networkProfile": object{"networkInterfaces": nics},
	}
	if instance {
		properties["instanceView"] = instanceView(v)
	}
	return object{
		"id": v.ID, "name": nameOf(v.ID), "type": vmType, "location": v.Location, "tags": tagsBody(v.Tags), "properties": properties,
	}
}

func instanceView(v VM) object {
	power := cmp.Or(v.Power, "running")
	return object{
		"computerName": nameOf(v.ID), "osName": cmp.Or(v.OS, "Linux"),
		"statuses": []object{
			{"code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": "Provisioning succeeded"},
			{"code": "PowerState/" + power, "level": "Info", "displayStatus": "VM " + power},
		},
	}
}

func (s *Sim) listVMs(c *call) reply {
	query := c.request.URL.Query()
	instance := strings.EqualFold(query.Get("$expand"), "instanceView") || strings.EqualFold(query.Get("statusOnly"), "true")
	return page(s, c, s.vms, func(v VM) object { return vmBody(v, instance) })
}

func (s *Sim) getVM(c *call) reply {
	expand := strings.Split(strings.ToLower(c.request.URL.Query().Get("$expand")), ",")
	return found(c, s.vms, vmType, func(v VM) object { return vmBody(v, slices.Contains(expand, "instanceview")) })
}

func (s *Sim) getInstanceView(c *call) reply {
	v, there := s.vms[key(c.path.id[:strings.LastIndexByte(c.path.id, '/')])]
	if !there {
		return missingResource(c.path, vmType).reply()
	}
	return ok(instanceView(v))
}

// sortedFold sorts ids without regard to case.
func sortedFold(list []string) []string {
	slices.SortFunc(list, func(a, b string) int { return strings.Compare(key(a), key(b)) })
	return list
}
