package jit

func VMsOf(sites []ResolvedTarget) []VM {
	vms := make([]VM, 0, len(sites))
	for _, site := range sites {
		vms = append(vms, site.VM)
	}
	return vms
}
