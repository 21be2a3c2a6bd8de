// Package rbac answers which Azure actions somebody lacks, from the roles and
// deny assignments that were read: an action is held when one pattern of a role
// covers all that it can mean, and nothing that a role or a deny assignment takes
// away meets any of it.
// https://learn.microsoft.com/azure/role-based-access-control/role-definitions
//
// Any doubt counts as not held. How the roles are read, and that a condition
// makes an assignment count for nothing, stands in jit/azure.
//
// It imports jit/resource.
package rbac
