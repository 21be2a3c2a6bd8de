package azuresim

// Ids of built-in roles, the same in every tenant.
const (
	RoleOwner              = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	RoleContributor        = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	RoleReader             = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
	RoleVMContributor      = "9980e02c-c2be-4d73-94e8-173b1dc7cf3c"
	RoleNetworkContributor = "4d97b98b-1d4f-4787-a291-c67834d212e7"
	RoleSecurityAdmin      = "fb1c8493-542b-48eb-b624-b4c8fea62acd"
)

// builtInRoles are roles of Azure with the actions that Microsoft publishes
// for them.
func builtInRoles() []RoleDefinition {
	return []RoleDefinition{
		{
			ID: RoleOwner, Name: "Owner", Description: "Grants full access to manage all resources, including the ability to " +
				"assign roles in Azure RBAC.", Actions: []string{"*"},
		},
		{
			ID: RoleContributor, Name: "Contributor", Description: "Grants full access to manage all resources, but does not " +
				"allow you to assign roles in Azure RBAC, manage assignments in Azure Blueprints, or share image galleries.",
			Actions: []string{"*"},
			NotActions: []string{
				"Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write", "Microsoft.Authorization/elevateAccess/Action",
				"Microsoft.Blueprint/blueprintAssignments/write", "Microsoft.Blueprint/blueprintAssignments/delete",
				"Microsoft.Compute/galleries/share/action", "Microsoft.Purview/consents/write", "Microsoft.Purview/consents/delete",
			},
		},
		{
			ID: RoleReader, Name: "Reader", Description: "View all resources, but does not allow you to make any changes.",
			Actions: []string{"*/read"},
		},
		{
			ID: RoleVMContributor, Name: "Virtual Machine Contributor", Description: "Lets you manage virtual machines, but not " +
				"access to them, and not the virtual network or storage account they're connected to.",
			Actions: vmContributorActions(),
		},
		{
			ID: RoleNetworkContributor, Name: "Network Contributor", Description: "Lets you manage networks, but not access to them.",
			Actions: []string{
				"Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.Network/*",
				"Microsoft.ResourceHealth/availabilityStatuses/read",
				"Microsoft.Resources/deployments/*", "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*",
			},
		},
		{
			ID: RoleSecurityAdmin, Name: "Security Admin", Description: "Security Admin Role",
			Actions: []string{
				"Microsoft.Authorization/*/read", "Microsoft.Authorization/policyAssignments/*", "Microsoft.Authorization/policyDefinitions/*",
				"Microsoft.Authorization/policyExemptions/*", "Microsoft.Authorization/policySetDefinitions/*", "Microsoft.Insights/alertRules/*",
				"Microsoft.Management/managementGroups/read", "Microsoft.operationalInsights/workspaces/*/read", "Microsoft.Resources/deployments/*",
				"Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Security/*", "Microsoft.IoTSecurity/*",
				"Microsoft.IoTFirmwareDefense/*", "Microsoft.Support/*",
			},
		},
	}
}

func vmContributorActions() []string {
	return []string{
		"Microsoft.Authorization/*/read", "Microsoft.Compute/availabilitySets/*", "Microsoft.Compute/locations/*",
		"Microsoft.Compute/virtualMachines/*", "Microsoft.Compute/virtualMachineScaleSets/*", "Microsoft.Compute/disks/write",
		"Microsoft.Compute/disks/read", "Microsoft.Compute/disks/delete", "Microsoft.DevTestLab/schedules/*", "Microsoft.Insights/alertRules/*",
		"Microsoft.Network/applicationGateways/backendAddressPools/join/action",
		"Microsoft.Network/loadBalancers/backendAddressPools/join/action",
		"Microsoft.Network/loadBalancers/inboundNatPools/join/action", "Microsoft.Network/loadBalancers/inboundNatRules/join/action",
		"Microsoft.Network/loadBalancers/probes/join/action", "Microsoft.Network/loadBalancers/read", "Microsoft.Network/locations/*",
		"Microsoft.Network/networkInterfaces/*",
		"Microsoft.Network/networkSecurityGroups/join/action", "Microsoft.Network/networkSecurityGroups/read",
		"Microsoft.Network/publicIPAddresses/join/action", "Microsoft.Network/publicIPAddresses/read", "Microsoft.Network/virtualNetworks/read",
		"Microsoft.Network/virtualNetworks/subnets/join/action", "Microsoft.RecoveryServices/locations/*",
		"Microsoft.RecoveryServices/Vaults/backupFabrics/backupProtectionIntent/write",
		"Microsoft.RecoveryServices/Vaults/backupFabrics/protectionContainers/protectedItems/*/read",
		"Microsoft.RecoveryServices/Vaults/backupFabrics/protectionContainers/protectedItems/read",
		"Microsoft.RecoveryServices/Vaults/backupFabrics/protectionContainers/protectedItems/write",
		"Microsoft.RecoveryServices/Vaults/backupPolicies/read", "Microsoft.RecoveryServices/Vaults/backupPolicies/write",
		"Microsoft.RecoveryServices/Vaults/read", "Microsoft.RecoveryServices/Vaults/usages/read", "Microsoft.RecoveryServices/Vaults/write",
		"Microsoft.ResourceHealth/availabilityStatuses/read",
		"Microsoft.Resources/deployments/*", "Microsoft.Resources/subscriptions/resourceGroups/read",
		"Microsoft.SqlVirtualMachine/*", "Microsoft.Storage/storageAccounts/listKeys/action",
		"Microsoft.Storage/storageAccounts/read", "Microsoft.Support/*",
	}
}
