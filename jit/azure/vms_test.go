package azure_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/resource"
)

func sameAddr(a, b netip.Addr) bool { return a == b }

// asAddresses compares addresses, and nothing with an empty list.
var asAddresses = cmp.Options{cmp.Comparer(sameAddr), cmpopts.EquateEmpty()}

func TestVMs(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) { s.PageSize = 3 })
		vms, err := w.Client.VMs(t.Context(), azuresim.DemoSubscription)
		if err != nil || len(vms) != 10 {
			t.Fatalf("%d machines, err %v", len(vms), err)
		}
		// 10 machines, 12 interfaces, 3 networks, 1 address, three a page.
		if n := w.Counts().Inventory; n != 4+4+1+1 {
			t.Errorf("%d requests", n)
		}
		for _, want := range vms {
			got, err := w.VM(t.Context(), want.ID)
			if err != nil {
				t.Fatal(err)
			}
			if got.Power == "" {
				t.Errorf("%s has no power state", got.Name)
			}
			if diff := cmp.Diff(want, got, asAddresses, cmpopts.IgnoreFields(jit.VM{}, "Power")); diff != "" {
				t.Errorf("list and reading differ:\n%s", diff)
			}
		}
	})
}

func TestPowers(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) { s.PageSize = 4 })
		powers, err := w.Powers(t.Context())
		if err != nil || len(powers) != 10 || powers[strings.ToLower(azuresim.DemoDB3)] != "deallocated" || powers[strings.ToLower(azuresim.DemoWeb1)] != "running" {
			t.Errorf("%v, %v", powers, err)
		}
		w.AddFault(azuresim.Fault{Path: "virtualMachines", Status: 403, Code: "AuthorizationFailed"})
		_, err = w.Powers(t.Context())
		checkKind(t, err, jit.ErrForbidden)
	})
}

func TestVM(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	const network = azuresim.DemoWebGroup + "/providers/Microsoft.Network/"
	dbNetwork := azuresim.DemoDBGroup + "/providers/Microsoft.Network/"
	tests := []struct {
		name, id, power, os string
		requests            int
		want                []jit.Interface
	}{
		{"both levels", azuresim.DemoWeb1, "running", "Linux", 3, []jit.Interface{{
			ID: network + "networkInterfaces/web-1-nic", Guard: azuresim.DemoWebNICNSG,
			Addresses: []jit.Address{{
				Addr: netip.MustParseAddr("10.10.1.4"), Subnet: network + "virtualNetworks/prod-vnet/subnets/web", SubnetGuard: azuresim.DemoWebSubnetNSG,
			}},
		}}},
		{"IPv6, and a reference in another case", azuresim.DemoWeb2, "running", "Linux", 3, []jit.Interface{{
			ID: network + "networkInterfaces/web-2-nic", Guard: azuresim.DemoWebNICNSG,
			Addresses: []jit.Address{
				{Addr: netip.MustParseAddr("10.10.1.5"), Subnet: network + "virtualNetworks/prod-vnet/subnets/web", SubnetGuard: azuresim.DemoWebSubnetNSG},
				{Addr: netip.MustParseAddr("fd00:10:10:1::5"), Subnet: network + "virtualNetworks/prod-vnet/subnets/web", SubnetGuard: azuresim.DemoWebSubnetNSG},
			},
		}}},
		{"two interfaces", azuresim.DemoDB1, "running", "Linux", 5, []jit.Interface{
			{ID: dbNetwork + "networkInterfaces/db-1-nic", Addresses: []jit.Address{{
				Addr: netip.MustParseAddr("10.20.1.4"), Subnet: dbNetwork + "virtualNetworks/db-vnet/subnets/db", SubnetGuard: azuresim.DemoDBSubnetNSG,
			}}},
			{ID: dbNetwork + "networkInterfaces/db-1-backup", Guard: azuresim.DemoBackupNSG, Addresses: []jit.Address{{
				Addr: netip.MustParseAddr("10.20.2.4"), Subnet: dbNetwork + "virtualNetworks/db-vnet/subnets/backup",
			}}},
		}},
		{"public address", azuresim.DemoJump, "running", "Linux", 4, []jit.Interface{{
			ID: network + "networkInterfaces/jump-1-nic", Guard: azuresim.DemoJumpNSG, Addresses: []jit.Address{{
				Addr: netip.MustParseAddr("10.10.9.4"), Subnet: network + "virtualNetworks/prod-vnet/subnets/jump", Public: "20.50.10.1",
			}},
		}}},
		{"switched off", azuresim.DemoDB3, "deallocated", "Linux", 3, nil},
		{"Windows", azuresim.DemoDB2, "running", "Windows", 3, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				vm, err := w.VM(t.Context(), tt.id)
				if err != nil {
					t.Fatal(err)
				}
				if vm.Power != tt.power || vm.OS != tt.os || vm.ID != tt.id || vm.Group == "" || vm.Tags["env"] != "prod" || vm.Location == "" {
					t.Errorf("vm is %+v", vm)
				}
				if n := w.Counts().Inventory; n != tt.requests {
					t.Errorf("%d requests, want %d", n, tt.requests)
				}
				if diff := cmp.Diff(tt.want, vm.Interfaces, asAddresses); tt.want != nil && diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestVMWithGroups(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		vm := w.mustVM(t, azuresim.DemoWeb1)
		nic, _ := w.NIC(vm.Interfaces[0].ID)
		asg := azuresim.DemoWebGroup + "/providers/Microsoft.Network/applicationSecurityGroups/admin"
		nic.IPs = slices.Clone(nic.IPs)
		nic.IPs[0].ASGs = []string{asg}
		w.PutNIC(nic)
		got := w.mustVM(t, azuresim.DemoWeb1).Interfaces[0].Addresses[0].Groups
		if len(got) != 1 || !resource.Same(got[0], asg) {
			t.Errorf("groups %v", got)
		}
	})
}

func (w *world) mustVM(t *testing.T, id string) jit.VM {
	t.Helper()
	vm, err := w.VM(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

func TestVMThatIsNotWhole(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx := t.Context()
		_, err := w.VM(ctx, azuresim.DemoWeb1+"-gone")
		checkKind(t, err, jit.ErrNotFound)
		_, err = w.VM(ctx, "/subscriptions/5a1e0000-0000-4000-8000-00000000d3a1"+azuresim.DemoWeb1[len(azuresim.DemoSubscriptionScope):])
		checkKind(t, err, jit.ErrNotFound)
		_, err = w.VM(ctx, azuresim.DemoWebNICNSG)
		checkKind(t, err, jit.ErrInvalid)

		nic := w.mustVM(t, azuresim.DemoWeb1).Interfaces[0].ID
		if err := w.SetAddress(nic, "ipconfig1", "10.10.1"); err != nil {
			t.Fatal(err)
		}
		if vm := w.mustVM(t, azuresim.DemoWeb1); !slices.Equal(vm.Interfaces[0].Unread, []string{"10.10.1"}) || len(vm.Addresses()) != 0 {
			t.Errorf("an address that cannot be read: %+v", vm.Interfaces)
		}
		if vms, err := w.Client.VMs(ctx, azuresim.DemoSubscription); err != nil || len(vms) != 10 {
			t.Errorf("one bad address spoils the list: %d, %v", len(vms), err)
		}
		w.DeleteNIC(nic)
		_, err = w.VM(ctx, azuresim.DemoWeb1)
		checkKind(t, err, jit.ErrConflict)
		w.AddFault(azuresim.Fault{Path: "publicIPAddresses", Status: 403, Code: "AuthorizationFailed"})
		_, err = w.Client.VMs(ctx, azuresim.DemoSubscription)
		if !errors.Is(err, jit.ErrForbidden) {
			t.Errorf("VMs: %v", err)
		}
	})
}
