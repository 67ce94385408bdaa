// Package openstack speaks to an OpenStack cloud: Keystone v3, Nova 2.1 to 2.93, Glance v2 and
// Neutron v2, through gophercloud. It gives and takes the values of package cloud, and knows
// nothing of workshops. The sandbox serves the same API, so there is one code path for both.
//
// The tour:
//
//   - credentials.go, openrc.go and cloudsyaml.go find out as whom to log in: from the
//     environment, from the text of an openrc (read, never executed), from clouds.yaml.
//   - transport.go sends requests: a deadline for each, Retry-After honoured, no token shown to
//     another host than the one it is for, bodies bounded.
//   - client.go logs in, picks endpoints out of the catalog and negotiates Nova's microversion;
//     list.go follows pages.
//   - servers.go, show.go, boot.go and wait.go are the servers: list them, show one as nova show
//     does, create some, follow one until it runs, fails or is gone.
//   - resources.go has flavors, images, networks, quotas and key pairs, and resolve.go finds one
//     of them by what a person typed.
//   - errors.go and message.go make every failure one of the errors of package cloud, around one
//     sentence for people.
package openstack
