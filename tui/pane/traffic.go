package pane

import (
	"slices"

	"matou/cloud"
	"matou/steps"
)

// Links are addresses of this machine that lead to a site, for a browser. Empty ones are not there.
type Links struct {
	Site  string // http://127.0.0.1:40123/
	Stats string // the page of the load balancer's statistics
	// SSH is what somebody types on their own machine when the console runs on another one: then the
	// same addresses hold there. Empty: the browser is here.
	SSH string
}

// Traffic shows who answers on a web site: the shares of all that answered, the last answers, what
// went wrong, and the load balancer's own statistics. It is one text that scrolls when it is longer
// than the pane. What it says is in trafficview.go.
type Traffic struct {
	base
	workshop *steps.Workshop
	snap     cloud.Traffic
	links    Links
	paused   bool
	top      int
	lines    []string // all there is to show, as it was drawn last
	drawn    int      // the version it was drawn from
}

// NewTraffic makes the pane for the sites of a workshop.
func NewTraffic(w *steps.Workshop) *Traffic {
	return &Traffic{workshop: w, snap: cloud.Traffic{Site: -1}}
}

// SetTraffic shows what was seen. It tells the names that have joined those who took turns: who answered
// before, has more than once.
func (t *Traffic) SetTraffic(snap cloud.Traffic) (joined []string) {
	fresh := slices.ContainsFunc(t.snap.Shares, func(s cloud.Share) bool { return s.Count < 2 })
	if snap.Site == t.snap.Site && snap.URL == t.snap.URL && len(t.snap.Shares) > 0 && !fresh && snap.Asked > t.snap.Asked {
		for _, s := range snap.Shares {
			if s.Name != "" && !t.knows(s.Name) {
				joined = append(joined, s.Name)
			}
		}
	}
	snap.Stats = slices.Clone(snap.Stats)
	for i := range snap.Stats {
		r := &snap.Stats[i]
		for _, text := range []*string{&r.Proxy, &r.Name, &r.Status, &r.Check, &r.CheckSays} {
			*text = cloud.Clean(*text)
		}
	}
	t.snap = snap
	t.version++
	return joined
}

func (t *Traffic) knows(name string) bool {
	for _, s := range t.snap.Shares {
		if s.Name == name {
			return true
		}
	}
	return false
}

// Snapshot is what is shown.
func (t *Traffic) Snapshot() cloud.Traffic { return t.snap }

// SetLinks shows the addresses for a browser.
func (t *Traffic) SetLinks(l Links) {
	t.links = l
	t.version++
}

// Links are the addresses that are shown.
func (t *Traffic) Links() Links { return t.links }

// Pause stops the asking, or lets it go on, and tells whether it is paused now.
func (t *Traffic) Pause() bool {
	t.paused = !t.paused
	t.version++
	return t.paused
}

// Paused tells whether somebody has stopped the asking.
func (t *Traffic) Paused() bool { return t.paused }

// Scroll moves the text by lines.
func (t *Traffic) Scroll(lines int) {
	t.top = min(max(0, t.at()+lines), max(0, len(t.text())-t.height))
	t.version++
}

// Height is how many lines are seen at once.
func (t *Traffic) Height() int { return t.height }
