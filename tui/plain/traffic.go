package plain

import (
	"strconv"
	"strings"

	"matou/cloud"
	"matou/steps"
)

// traffic asks the current web site who answers, and tells it with what its load balancer says.
func (d *dialogue) traffic() {
	sites := d.w.Traffic.Sites
	if d.o.Traffic == nil || len(sites) == 0 {
		d.say(d.text.T("off.no-traffic"))
		return
	}
	_ = d.out.Flush() // the loop tells
	v, err := d.o.Traffic(d.ctx)
	switch {
	case err != nil:
		d.say(d.text.T("traffic.unknown", "why", d.explain(err)))
		return
	case v.Site < 0 || v.Site >= len(sites):
		d.say(d.text.T("traffic.none", "step", d.title(sites[0].From)))
		return
	}
	d.say(d.pair(sites[v.Site].Title.In(d.text.Lang)+", "+cloud.Clean(v.URL), d.text.N("traffic.asked", v.Asked)))
	answered := 0
	for _, s := range v.Shares {
		answered += s.Count
	}
	for _, s := range v.Shares {
		name := cloud.Clean(s.Name)
		if name == "" {
			name = d.text.T("traffic.unnamed")
		}
		d.say("  " + d.pair(name, strconv.Itoa(s.Count)+", "+strconv.Itoa((100*s.Count+answered/2)/answered)+"%"))
	}
	for _, t := range v.Troubles {
		what := d.text.T("traffic.trouble."+string(t.Kind), "detail", cloud.Clean(t.Detail))
		why := d.text.T("traffic.why."+string(t.Kind), "detail", cloud.Clean(t.Detail))
		d.say("  " + d.pair(d.text.T("traffic.times", "n", strconv.Itoa(t.Count), "what", what), why))
	}
	if v.StatsErr != nil {
		d.say(d.text.T("traffic.stats.trouble", "why", steps.Sanitize(v.StatsErr.Error())))
	}
	for _, r := range v.Stats {
		if r.Kind == cloud.ProxyServer || r.Kind == cloud.ProxyBackend {
			d.say("  " + d.balanced(r))
		}
	}
}

// balanced is a row of the load balancer's statistics in words.
func (d *dialogue) balanced(r cloud.ProxyRow) string {
	words := []string{r.Status}
	if r.Kind == cloud.ProxyBackend {
		words = append(words, d.text.N("traffic.up", int(min(r.Active+r.Spare, 1<<20))))
	}
	for _, word := range []string{r.Check, r.CheckSays} {
		if word != "" {
			words = append(words, word)
		}
	}
	words = append(words, d.text.T("traffic.stats.sessions")+" "+strconv.FormatInt(r.Total, 10))
	return cloud.Clean(d.pair(d.text.T("traffic.stats.title")+" "+r.Proxy+" "+r.Name, strings.Join(words, ", ")))
}
