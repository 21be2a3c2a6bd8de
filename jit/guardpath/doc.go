// Package guardpath holds what stands in front of a VM: the guards in which something must
// be written so that packets get through, each a Path with the VM's addresses behind it, and
// the firewalls before an address. Grants and protections keep their paths; how they are
// found is jit/route's matter, what is written there that of jit/rules.
//
// It imports the standard library and jit/resource alone.
package guardpath
