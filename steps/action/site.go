package action

import (
	"context"
	"errors"
	"regexp"

	"matou/steps"
)

// Site is a web site of the workshop, its values filled in.
type Site struct {
	Number            int // among the workshop's
	URL, Header       string
	Match             *regexp.Regexp // nil: the header alone tells who answered
	Stats             string         // empty: there is no page of statistics
	Local, LocalStats string         // ports of this machine; "0" is a free one
}

// ErrNoSite says that none of the workshop's sites has come up yet.
var ErrNoSite = errors.New("no site has come up yet")

// Site is the site to watch as things stand.
func (r *Registry) Site(in steps.Input, state steps.State) (Site, error) {
	at := in.Workshop.SiteAt(state)
	if at < 0 {
		return Site{}, ErrNoSite
	}
	of := in.Workshop.Traffic.Sites[at]
	site := Site{Number: at, Header: of.Header}
	for _, f := range []struct {
		to       *string
		template string
	}{{&site.URL, of.URL}, {&site.Stats, of.Stats}, {&site.Local, of.Local}, {&site.LocalStats, of.LocalStats}} {
		text, err := steps.Expand(f.template, in.Vars, nil)
		if err != nil {
			return Site{}, err
		}
		*f.to = bracketed(text)
	}
	if of.Match == "" {
		return site, nil
	}
	pattern, err := steps.Expand(of.Match, in.Vars, regexp.QuoteMeta)
	if err != nil {
		return Site{}, err
	}
	site.Match, err = regexp.Compile(pattern)
	if err != nil {
		return Site{}, steps.Failf(steps.FailValue, "site %s: %w", of.URL, err)
	}
	return site, nil
}

// Dialer reaches addresses as a hop would, outside of any step: from here when it is "", or is here. The
// error says why the hop can't be reached.
func (r *Registry) Dialer(ctx context.Context, in steps.Input, out steps.Output, via string) (Dial, error) {
	return (&call{Registry: r, in: in, out: out, texts: map[string]string{"via": via}}).dialer(ctx)
}

// Here lists the hops to the one this program runs on, the first to dial first, their values filled in;
// none when it runs on none of them.
func (r *Registry) Here(in steps.Input) []Hop {
	var chain []Hop
	c := &call{Registry: r, in: in}
	for _, h := range in.Workshop.Chain(r.deps.Here) {
		hop, err := c.hop(h)
		if err != nil {
			return nil
		}
		chain = append(chain, hop)
	}
	return chain
}
