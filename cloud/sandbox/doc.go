// Package sandbox is a cloud in a box: the OpenStack APIs over HTTP on loopback, and behind every
// server an SSH host with a file tree, a shell and services. It needs no root and no network, and
// runs wherever Go does. What drives a real cloud drives it: gophercloud, the nova and openstack
// commands, OpenSSH.
//
// [Start] brings a world up, [Sandbox.Close] ends it. In between there are three layers:
//
//   - The APIs (http.go and one file a resource): Keystone v3 under /identity, Nova 2.1 with
//     microversions to 2.93 under /compute, Glance v2 under /image and Neutron v2.0 under
//     /networking, all at one port. They are shaped after recordings of a real cloud of the Zed
//     release, error envelopes and headers included; testdata holds what is compared.
//   - The world (world.go, lifecycle.go, store.go): servers, keypairs and addresses. A server goes
//     through scheduling, networking and spawning to ACTIVE in recorded time scaled by
//     [Options.Pace]. Every change is written to world.json before the API answers, so that a
//     process killed at any moment finds its servers again and goes on building them.
//   - The machines (machine.go, machines.go, front.go): package host's. The jumphost has a real TCP
//     port; the seats' containers are on its loopback, and the servers on a virtual network behind.
//
// What is offered — flavors, images, networks, accounts, quota, timing — is in the workshop's
// world.yaml. What goes wrong is in a file of package fault.
package sandbox
