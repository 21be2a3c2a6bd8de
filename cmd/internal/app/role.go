package app

import (
	"encoding/json"
	"fmt"
)

// role is what az role definition create reads.
type role struct {
	Name             string
	IsCustom         bool
	Description      string
	Actions          []string
	NotActions       []string
	AssignableScopes []string
}

// runActions are the least that the bot needs. It writes single rules, so it
// needs no right to write a whole group; it reads what is in front of a
// machine, and what people hold.
func runActions() []string {
	return []string{
		"Microsoft.Authorization/denyAssignments/read",
		"Microsoft.Authorization/roleAssignments/read",
		"Microsoft.Authorization/roleDefinitions/read",
		"Microsoft.Compute/virtualMachines/instanceView/read",
		"Microsoft.Compute/virtualMachines/read",
		"Microsoft.Network/loadBalancers/read",
		"Microsoft.Network/locations/operationResults/read",
		"Microsoft.Network/locations/operations/read",
		"Microsoft.Network/networkInterfaces/read",
		"Microsoft.Network/networkSecurityGroups/read",
		"Microsoft.Network/networkSecurityGroups/securityRules/delete",
		"Microsoft.Network/networkSecurityGroups/securityRules/read",
		"Microsoft.Network/networkSecurityGroups/securityRules/write",
		"Microsoft.Network/publicIPAddresses/read",
		"Microsoft.Network/routeTables/read",
		"Microsoft.Network/virtualNetworks/read",
		"Microsoft.Network/virtualNetworks/subnets/read",
	}
}

// sweepActions are the least that jitbot sweep needs: it can open nothing.
func sweepActions() []string {
	return []string{
		"Microsoft.Network/locations/operationResults/read",
		"Microsoft.Network/locations/operations/read",
		"Microsoft.Network/networkSecurityGroups/read",
		"Microsoft.Network/networkSecurityGroups/securityRules/delete",
		"Microsoft.Network/networkSecurityGroups/securityRules/read",
	}
}

// Role is the least Azure role that jitbot needs, or that jitbot sweep needs,
// as JSON for az role definition create.
func Role(c Config, sweep bool) ([]byte, error) {
	r := role{
		Name: "jitbot " + c.Jit.Installation, IsCustom: true,
		Description: "Opens and closes network access to virtual machines for a time, by single security rules.",
		Actions:     runActions(), NotActions: []string{},
	}
	if sweep {
		r.Name += " sweep"
		r.Description = "Closes network access that jitbot opened, once its time is up."
		r.Actions = sweepActions()
	}
	for _, id := range c.Azure.Subscriptions {
		r.AssignableScopes = append(r.AssignableScopes, "/subscriptions/"+id)
	}
	out, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the role: %w", err)
	}
	return append(out, '\n'), nil
}
