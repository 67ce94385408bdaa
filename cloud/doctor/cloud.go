package doctor

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"matou/cloud"
)

// Cloud is what the checks ask of a cloud. cloud/openstack's client is one.
type Cloud interface {
	Identity() cloud.Identity
	Services() []string
	Skew() time.Duration
	Flavor(ctx context.Context, wanted string) (cloud.Flavor, error)
	Image(ctx context.Context, wanted string) (cloud.Image, error)
	Network(ctx context.Context, wanted string) (cloud.Network, error)
	HasKeypair(ctx context.Context, name string) error
	SecurityGroups(ctx context.Context) ([]cloud.SecurityGroup, error)
	Quotas(ctx context.Context) ([]cloud.Quota, error)
	Servers(ctx context.Context) ([]cloud.Server, error)
}

// Plan is what a class will ask of its cloud.
type Plan struct {
	Workshop string
	Seats    int
	Servers  []cloud.ServerSpec // of one seat
	Ports    []int              // TCP ports that must be open
	// OpensPorts is set when the workshop opens the ports itself, and makes groups that are missing.
	OpensPorts bool
	Floating   string // network that each server gets a floating address of; empty: none
}

// The clock may be off by so much before people are told, and before tokens and certificates
// begin to look expired.
const (
	skewTold = 5 * time.Second
	skewBad  = 5 * time.Minute
)

// The time an answer may take before people are told, and before a class of many becomes a pain.
const (
	slowTold = 2 * time.Second
	slowBad  = 10 * time.Second
)

// CloudChecks are the checks of a cloud. Login is called once, by the check "credentials".
func CloudChecks(login func(ctx context.Context) (Cloud, error), p Plan, needs ...string) []Check {
	d := &cloudDoctor{plan: p}
	add := func(name, subject string, do func(context.Context) Result) {
		need := "credentials"
		if name != "catalog" && name != "clock" {
			need = "catalog"
		}
		d.checks = append(d.checks, Check{Name: name, Subject: subject, Needs: []string{need}, Do: do})
	}
	d.checks = append(d.checks, Check{Name: "credentials", Needs: needs, Do: func(ctx context.Context) Result {
		c, err := login(ctx)
		if err != nil {
			return Because(err)
		}
		d.cloud = c
		id := c.Identity()
		return Good("%s in project %s, region %s, at %s", id.User, id.Project, id.Region, id.AuthURL)
	}})
	add("catalog", "", d.catalog)
	add("clock", "", d.clock)
	add("latency", "", d.latency)
	add("quota", "", d.quota)
	for _, s := range distinct(p.Servers, func(s cloud.ServerSpec) string { return s.Flavor + "\x00" + s.Image }) {
		add("image", s.Image+" on "+s.Flavor, func(ctx context.Context) Result { return d.image(ctx, s) })
	}
	for _, s := range distinct(p.Servers, func(s cloud.ServerSpec) string { return s.Network }) {
		add("network", s.Network, func(ctx context.Context) Result { return d.network(ctx, s.Network) })
	}
	if p.Floating != "" {
		add("floating", p.Floating, func(ctx context.Context) Result { return d.network(ctx, p.Floating) })
	}
	for _, s := range distinct(p.Servers, func(s cloud.ServerSpec) string { return s.Keypair }) {
		if s.Keypair != "" {
			add("keypair", s.Keypair, func(ctx context.Context) Result { return d.keypair(ctx, s.Keypair) })
		}
	}
	for _, s := range distinct(p.Servers, func(s cloud.ServerSpec) string { return strings.Join(s.SecurityGroups, ", ") }) {
		add("ports", strings.Join(s.SecurityGroups, ", "), func(ctx context.Context) Result { return d.ports(ctx, s.SecurityGroups) })
	}
	return d.checks
}

// distinct keeps the first of all with the same key.
func distinct(specs []cloud.ServerSpec, key func(cloud.ServerSpec) string) []cloud.ServerSpec {
	seen := map[string]bool{}
	var out []cloud.ServerSpec
	for _, s := range specs {
		if k := key(s); !seen[k] {
			seen[k] = true
			out = append(out, s)
		}
	}
	return out
}

type cloudDoctor struct {
	plan   Plan
	cloud  Cloud // set by the check "credentials", on which all others stand
	checks []Check
}

// remedies are the texts for what a cloud refuses with.
var remedies = []struct {
	err error
	key string
}{
	{cloud.ErrAuth, "remedy.auth"},
	{cloud.ErrNoAccount, "remedy.account"},
	{cloud.ErrQuota, "remedy.quota"},
	{cloud.ErrForbidden, "remedy.forbidden"},
	{cloud.ErrNotFound, "remedy.not-found"},
	{cloud.ErrAmbiguous, "remedy.ambiguous"},
	{cloud.ErrConflict, "remedy.conflict"},
	{cloud.ErrTooLarge, "remedy.too-large"},
	{cloud.ErrRateLimit, "remedy.rate"},
	{cloud.ErrFault, "remedy.fault"},
	{cloud.ErrTimeout, "remedy.timeout"},
	{cloud.ErrCanceled, "remedy.canceled"},
	{context.DeadlineExceeded, "remedy.timeout"},
	{context.Canceled, "remedy.canceled"},
	{cloud.ErrUnavailable, "remedy.unavailable"},
	{cloud.ErrDecode, "remedy.unavailable"},
	{cloud.ErrBadRequest, "remedy.value"},
}

// Because is a failed check whose cause is an error of a cloud.
func Because(err error) Result {
	r := Result{Status: Failed, Cause: err.Error(), Remedy: "remedy.internal"}
	for _, known := range remedies {
		if errors.Is(err, known.err) {
			r.Remedy = known.key
			break
		}
	}
	return r
}

func (d *cloudDoctor) catalog(context.Context) Result {
	have := d.cloud.Services()
	var missing []string
	for _, want := range []string{"compute", "image", "network"} {
		if !slices.Contains(have, want) {
			missing = append(missing, want)
		}
	}
	if missing != nil {
		return Bad("cli.doctor.remedy.catalog", "the account's catalog has no %s; it has %s", strings.Join(missing, ", "), strings.Join(have, ", "))
	}
	return Good("%s", strings.Join(have, ", "))
}

func (d *cloudDoctor) clock(context.Context) Result {
	skew := d.cloud.Skew()
	r := Good("within %s", max(skew.Abs().Round(time.Second), time.Second))
	switch {
	case skew.Abs() >= skewBad:
		r = Bad("cli.doctor.remedy.clock", "the cloud's clock is %s from ours", skew.Round(time.Second))
	case skew.Abs() >= skewTold:
		r = Bad("cli.doctor.remedy.clock", "the cloud's clock is %s from ours", skew.Round(time.Second))
		r.Status = Warning
	}
	return r
}

// looks is how often the cloud is asked for the latency.
const looks = 3

// latency measures one after the other what the console asks most: the list of servers.
func (d *cloudDoctor) latency(ctx context.Context) Result {
	var took []time.Duration
	for range looks {
		start := time.Now()
		if _, err := d.cloud.Servers(ctx); err != nil {
			return Because(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	median := took[len(took)/2].Round(time.Millisecond)
	switch {
	case median >= slowBad:
		return Bad("cli.doctor.remedy.slow", "the list of servers takes %s", median)
	case median >= slowTold:
		r := Bad("cli.doctor.remedy.slow", "the list of servers takes %s", median)
		r.Status = Warning
		return r
	}
	return Good("the list of servers takes %s", median)
}

// quota holds what all seats will boot, less what they have booted already, to what is left.
func (d *cloudDoctor) quota(ctx context.Context) Result {
	var (
		quotas  []cloud.Quota
		servers []cloud.Server
		errs    [2]error
		wg      sync.WaitGroup
	)
	wg.Go(func() { quotas, errs[0] = d.cloud.Quotas(ctx) })
	wg.Go(func() { servers, errs[1] = d.cloud.Servers(ctx) })
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return Because(err)
	}
	seat, there := map[string]int{}, map[string]int{} // what one seat takes, and what is taken already
	count := func(takes map[string]int, flavor string, times int) error {
		f, err := d.cloud.Flavor(ctx, flavor)
		if err == nil {
			takes["instances"] += times
			takes["cores"] += f.VCPUs * times
			takes["ram"] += f.RAM * times
		}
		return err
	}
	for _, s := range d.plan.Servers {
		if err := count(seat, s.Flavor, max(s.Count, 1)); err != nil {
			return Because(err)
		}
	}
	booted := 0
	for _, s := range servers {
		if s.Metadata[cloud.MetaWorkshop] == d.plan.Workshop && count(there, s.Flavor.String(), 1) == nil {
			booted++
		}
	}
	room := d.plan.Seats // the seats that fit
	units := map[string]string{"instances": "instances", "cores": "cores", "ram": "MiB of RAM"}
	var short, enough []string
	for _, q := range quotas {
		need := max(seat[q.Resource]*d.plan.Seats-there[q.Resource], 0)
		left := q.Limit - q.Used
		switch {
		case q.Limit < 0:
			enough = append(enough, fmt.Sprintf("%d %s of no limit", need, units[q.Resource]))
		case need > left:
			short = append(short, fmt.Sprintf("%d %s, %d of %d left", need, units[q.Resource], max(left, 0), q.Limit))
			room = min(room, max(left+there[q.Resource], 0)/max(seat[q.Resource], 1))
		default:
			enough = append(enough, fmt.Sprintf("%d of %d %s", need, left, units[q.Resource]))
		}
	}
	who := fmt.Sprintf("seats: %d", d.plan.Seats)
	if booted > 0 {
		who += fmt.Sprintf(" (servers that are there already: %d)", booted)
	}
	if short != nil {
		return Bad("cli.doctor.remedy.quota", "%s, to boot: %s; there is room for %d", who, strings.Join(short, "; "), room)
	}
	return Good("%s, to boot: %s", who, strings.Join(enough, ", "))
}

func (d *cloudDoctor) image(ctx context.Context, s cloud.ServerSpec) Result {
	image, err := d.cloud.Image(ctx, s.Image)
	if err != nil {
		return Because(err)
	}
	flavor, err := d.cloud.Flavor(ctx, s.Flavor)
	if err != nil {
		return Because(err)
	}
	switch {
	case image.Status != "" && image.Status != "active":
		return Bad("cli.doctor.remedy.image", "image %s is %s", image.Name, cloud.Clean(image.Status))
	case image.MinRAM > flavor.RAM || image.MinDisk > flavor.Disk && flavor.Disk > 0:
		return Bad("cli.doctor.remedy.image", "image %s needs %d MiB of RAM and %d GiB of disk, flavor %s has %d and %d",
			image.Name, image.MinRAM, image.MinDisk, flavor.Name, flavor.RAM, flavor.Disk)
	case flavor.Disk == 0:
		if !slices.ContainsFunc(d.cloud.Services(), func(t string) bool { return t == "block-storage" || strings.HasPrefix(t, "volume") }) {
			r := Bad("cli.doctor.remedy.disk", "flavor %s has no disk, and the cloud no volumes to boot from", flavor.Name)
			r.Status = Warning
			return r
		}
		return Good("%d vCPU, %d MiB of RAM, boots from a volume", flavor.VCPUs, flavor.RAM)
	}
	return Good("%d vCPU, %d MiB of RAM, %d GiB of disk", flavor.VCPUs, flavor.RAM, flavor.Disk)
}

// network looks for a network. Several to choose from are no failure: the person is asked.
func (d *cloudDoctor) network(ctx context.Context, name string) Result {
	n, err := d.cloud.Network(ctx, name)
	if name == "" && errors.Is(err, cloud.ErrAmbiguous) {
		r := Because(err)
		r.Status, r.Remedy = Warning, "cli.doctor.remedy.network"
		return r
	}
	if err != nil {
		return Because(err)
	}
	return Good("%s (%s)", n.Name, n.ID)
}

func (d *cloudDoctor) keypair(ctx context.Context, name string) Result {
	if err := d.cloud.HasKeypair(ctx, name); err != nil {
		return Because(err)
	}
	return Good("")
}

// ports looks whether the servers' groups let everybody in at the ports. No group named is the one
// called default.
func (d *cloudDoctor) ports(ctx context.Context, names []string) Result {
	if len(d.plan.Ports) == 0 {
		return Good("the workshop names none")
	}
	all, err := d.cloud.SecurityGroups(ctx)
	if err != nil {
		return Because(err)
	}
	if len(names) == 0 {
		names = []string{"default"}
	}
	var groups []cloud.SecurityGroup
	for _, name := range names {
		i := slices.IndexFunc(all, func(g cloud.SecurityGroup) bool { return g.Name == name || g.ID == name })
		switch {
		case i >= 0:
			groups = append(groups, all[i])
		case d.plan.OpensPorts:
			return Good("the workshop will make %s", cloud.Clean(name))
		default:
			return Bad("cli.doctor.remedy.group", "there is no security group %q", cloud.Clean(name))
		}
	}
	closed, narrow := cloud.Closed(groups, d.plan.Ports)
	switch {
	case len(closed) == 0:
		return Good("%s open", numbers(d.plan.Ports))
	case d.plan.OpensPorts:
		return Good("the workshop will open %s", numbers(closed))
	}
	r := Bad("cli.doctor.remedy.ports", "closed from outside: %s", numbers(closed))
	if len(narrow) > 0 {
		r.Cause += fmt.Sprintf("; open to some addresses only: %s", numbers(narrow))
	}
	if len(narrow) == len(closed) {
		r.Status = Warning // perhaps those of the jumphost
	}
	return r
}

func numbers(ports []int) string { return strings.Trim(fmt.Sprint(ports), "[]") }

// UserData is the check of a file that a server gets at its boot.
func UserData(name string, size int) Check {
	return Check{Name: "user-data", Subject: name, Do: func(context.Context) Result {
		encoded := base64.StdEncoding.EncodedLen(size)
		if encoded > cloud.MaxUserData {
			return Bad("remedy.too-large", "it has %d bytes, %d after base64; the cloud takes %d", size, encoded, cloud.MaxUserData)
		}
		return Good("%d bytes, %d of %d after base64", size, encoded, cloud.MaxUserData)
	}}
}
