package azure

import "strings"

// virtualMachine is a virtual machine's document, as far as it is read.
// https://learn.microsoft.com/rest/api/compute/virtual-machines/get
type virtualMachine struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Location   string            `json:"location"`
	Tags       map[string]string `json:"tags"`
	Properties struct {
		VMID           string `json:"vmId"`
		NetworkProfile struct {
			Interfaces []*resourceRef `json:"networkInterfaces"`
		} `json:"networkProfile"`
		StorageProfile struct {
			OSDisk struct {
				OSType string `json:"osType"`
			} `json:"osDisk"`
		} `json:"storageProfile"`
		InstanceView struct {
			Statuses []*instanceStatus `json:"statuses"`
		} `json:"instanceView"`
	} `json:"properties"`
}

// instanceStatus is one status of an instance view, such as PowerState/running.
type instanceStatus struct {
	Code string `json:"code"`
}

func (m *virtualMachine) interfaceIDs() []string {
	var ids []string
	for _, ref := range values(m.Properties.NetworkProfile.Interfaces) {
		ids = append(ids, ref.ID)
	}
	return ids
}

// powerState is what the instance view says, without its prefix; empty where
// there is none.
func (m *virtualMachine) powerState() string {
	for _, s := range values(m.Properties.InstanceView.Statuses) {
		if state, ok := strings.CutPrefix(s.Code, "PowerState/"); ok {
			return state
		}
	}
	return ""
}
