package sandbox

import (
	"maps"
	"net/http"
)

// unlimited resources and those only old microversions know, with their limits.
var otherQuotas = []struct {
	name  string
	limit int
	last  int // last minor microversion that shows it; 0 is all
}{
	{"fixed_ips", -1, 35},
	{"floating_ips", -1, 35},
	{"security_groups", -1, 35},
	{"security_group_rules", -1, 35},
	{"injected_file_content_bytes", 10240, 56},
	{"injected_file_path_bytes", 255, 56},
	{"injected_files", 5, 56},
	{"server_groups", 10, 0},
	{"server_group_members", 10, 0},
}

// quotas are the limits, and what of them is used. The caller holds the world's lock.
func (n *computeAPI) quotas(minor int) (limits, used map[string]int) {
	q := n.world.file.Quota
	instances, cores, ram := n.world.use()
	limits = map[string]int{
		"instances": q.Instances, "cores": q.Cores, "ram": q.RAM, "key_pairs": q.Keypairs, "metadata_items": q.metadataItems(),
	}
	used = map[string]int{"instances": instances, "cores": cores, "ram": ram}
	for _, o := range otherQuotas {
		if o.last == 0 || minor <= o.last {
			limits[o.name] = o.limit
		}
	}
	return limits, used
}

// ownProject refuses questions about another project.
func (n *computeAPI) ownProject(c *call) *reply {
	if sameUUID(c.PathValue("id"), n.world.projectID()) {
		return nil
	}
	rep := fail(http.StatusForbidden, "Policy doesn't allow os_compute_api:os-quota-sets:show to be performed.")
	return &rep
}

func (n *computeAPI) quotaSet(c *call) reply {
	if bad := n.ownProject(c); bad != nil {
		return *bad
	}
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	limits, _ := n.quotas(c.minor)
	set := object{"id": n.world.projectID()}
	for k, v := range limits {
		set[k] = v
	}
	return okay(object{"quota_set": set})
}

func (n *computeAPI) quotaDetail(c *call) reply {
	if bad := n.ownProject(c); bad != nil {
		return *bad
	}
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	limits, used := n.quotas(c.minor)
	set := object{"id": n.world.projectID()}
	for k, v := range limits {
		set[k] = object{"limit": v, "in_use": used[k], "reserved": 0}
	}
	return okay(object{"quota_set": set})
}

func (n *computeAPI) limits(c *call) reply {
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	limits, used := n.quotas(c.minor)
	abs := object{
		"maxTotalInstances": limits["instances"], "maxTotalCores": limits["cores"], "maxTotalRAMSize": limits["ram"],
		"maxServerMeta": limits["metadata_items"], "maxTotalKeypairs": limits["key_pairs"], "maxServerGroups": 10,
		"maxServerGroupMembers": 10, "totalRAMUsed": used["ram"], "totalCoresUsed": used["cores"],
		"totalInstancesUsed": used["instances"], "totalServerGroupsUsed": 0,
	}
	if c.minor < 36 {
		maps.Copy(abs, object{
			"maxTotalFloatingIps": -1, "maxSecurityGroups": -1, "maxSecurityGroupRules": -1,
			"totalFloatingIpsUsed": 0, "totalSecurityGroupsUsed": 0,
		})
	}
	if c.minor < 39 {
		abs["maxImageMeta"] = limits["metadata_items"]
	}
	if c.minor < 57 {
		abs["maxPersonality"], abs["maxPersonalitySize"] = 5, 10240
	}
	return okay(object{"limits": object{"rate": []object{}, "absolute": abs}})
}

func (n *computeAPI) zones(*call) reply {
	return okay(object{"availabilityZoneInfo": []object{
		{"zoneName": "nova", "zoneState": object{"available": true}, "hosts": nil},
	}})
}

func (n *computeAPI) extensions(*call) reply {
	list := []object{}
	for _, e := range [][2]string{
		{"OS-DCF", "DiskConfig"},
		{"OS-EXT-AZ", "ExtendedAvailabilityZone"},
		{"OS-EXT-IPS", "ExtendedIps"},
		{"OS-EXT-IPS-MAC", "ExtendedIpsMac"},
		{"OS-EXT-STS", "ExtendedStatus"},
		{"OS-SRV-USG", "ServerUsage"},
		{"os-availability-zone", "AvailabilityZone"},
		{"os-console-output", "ConsoleOutput"},
		{"os-instance-actions", "InstanceActions"},
		{"os-keypairs", "Keypairs"},
		{"os-quota-sets", "Quotas"},
		{"os-security-groups", "SecurityGroups"},
		{"os-user-data", "UserData"},
	} {
		list = append(list, object{
			"alias": e[0], "name": e[1], "description": e[1] + " support.", "links": []object{},
			"namespace": "http://docs.openstack.org/compute/ext/fake_xml", "updated": "2014-12-03T00:00:00Z",
		})
	}
	return okay(object{"extensions": list})
}

func (n *computeAPI) describeGroup() object {
	id, project := n.world.groupID(), n.world.projectID()
	rules := []object{}
	for _, r := range n.world.groupRules() {
		if r["direction"] == "ingress" {
			group, prefix := object{"name": "default", "tenant_id": project}, object{}
			if r["remote_group_id"] == nil {
				group, prefix = object{}, object{"cidr": r["remote_ip_prefix"]}
			}
			rules = append(rules, object{
				"id": r["id"], "parent_group_id": id, "ip_protocol": r["protocol"], "from_port": r["port_range_min"],
				"to_port": r["port_range_max"], "group": group, "ip_range": prefix,
			})
		}
	}
	return object{
		"id": id, "name": "default", "description": "Default security group", "tenant_id": project, "rules": rules,
	}
}

func (n *computeAPI) securityGroups(c *call) reply {
	return until(35, func(*call) reply { return okay(object{"security_groups": []object{n.describeGroup()}}) })(c)
}

func (n *computeAPI) serverGroups(*call, *instance) reply {
	return okay(object{"security_groups": []object{n.describeGroup()}})
}

func (n *computeAPI) tenantNetworks(c *call) reply {
	return until(35, func(*call) reply {
		list := []object{}
		for _, net := range n.world.file.Networks {
			list = append(list, object{"id": net.ID, "cidr": "None", "label": net.Name})
		}
		return okay(object{"networks": list})
	})(c)
}

// novaImages is the Compute API's own view of the images, which later microversions took away.
func (n *computeAPI) novaImages(detail bool) handler {
	return func(c *call) reply {
		return until(35, func(c *call) reply {
			list := []object{}
			for _, im := range n.world.file.Images {
				if name := c.URL.Query().Get("name"); name != "" && name != im.Name {
					continue
				}
				o := object{"id": im.ID, "name": im.Name, "links": append(n.link("images", im.ID), object{
					"rel": "alternate", "type": "application/vnd.openstack.image", "href": n.base + imagePrefix + "/images/" + im.ID,
				})}
				if detail {
					created := im.Created.UTC().Format("2006-01-02T15:04:05Z")
					maps.Copy(o, object{
						"minRam": im.MinRAM, "minDisk": im.MinDisk, "metadata": object{}, "created": created, "updated": created,
						"status": "ACTIVE", "progress": 100, "OS-EXT-IMG-SIZE:size": im.Size,
					})
				}
				list = append(list, o)
			}
			return okay(object{"images": list})
		})(c)
	}
}
