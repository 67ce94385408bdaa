package steps

import (
	"time"

	"go.yaml.in/yaml/v4"
)

// Traffic is what the workshop's web site is watched with: who answers there, one request after the
// other.
type Traffic struct {
	Via   string        // the hop the requests start from; empty: here
	Every time.Duration // between two requests; zero: what the watcher thinks right
	Sites []Site        // in the order they come up
}

// Site is a web site of the workshop. All fields but Title, From and Header are templates.
type Site struct {
	Title  Text
	From   ID     // the step that brings it up
	URL    string // what is asked
	Header string // the response header that names the server which answered
	Match  string // a regular expression for that name in the body: its first group, or all of it
	// Stats is the page of the load balancer's statistics, as HAProxy gives them; empty: there is none.
	Stats string
	// Local and LocalStats are the ports of this machine that lead to the site and to its statistics;
	// empty or 0: free ones.
	Local, LocalStats string
}

// SiteAt is the site there is to watch: the last one whose step has begun. It is -1 before that.
func (w *Workshop) SiteAt(s State) int {
	at := -1
	for i, site := range w.Traffic.Sites {
		switch s.Step(site.From).Status {
		case Running, Done, Failed, Stale:
			at = i
		case Pending, Ready:
		}
	}
	return at
}

// leastEvery is the shortest time between two requests a workshop may ask for: sites are other
// people's too.
const leastEvery = 100 * time.Millisecond

func (l *loader) traffic(n *yaml.Node) {
	t := &l.w.Traffic
	l.mapping(n, "traffic", fields{
		"via": func(n *yaml.Node) {
			t.Via = l.str(n, "via")
			l.refs = append(l.refs, reference{node: n, name: t.Via, what: "hop"})
		},
		"every": func(n *yaml.Node) {
			if t.Every = l.duration(n, "every"); t.Every < leastEvery {
				l.problem(n, "every must be at least %s", leastEvery)
			}
		},
		"sites": func(n *yaml.Node) {
			l.list(n, "sites", func(n *yaml.Node) { t.Sites = append(t.Sites, l.site(n)) })
		},
	}, "sites")
}

func (l *loader) site(n *yaml.Node) Site {
	var s Site
	l.peek(n, "from", func(n *yaml.Node) { s.From = l.id(n, "from") })
	template := func(to *string, what string, t FieldType) func(*yaml.Node) {
		return func(n *yaml.Node) {
			*to = l.template(n, what, s.From)
			l.checkField(n, what, t, *to, s.From)
		}
	}
	l.mapping(n, "a site", fields{
		"title":       func(n *yaml.Node) { s.Title = l.text(n, "title") },
		"from":        func(n *yaml.Node) { l.refs = append(l.refs, reference{node: n, name: n.Value, what: "step"}) },
		"url":         template(&s.URL, "url", FieldString),
		"header":      func(n *yaml.Node) { s.Header = l.str(n, "header") },
		"match":       template(&s.Match, "match", FieldPattern),
		"stats":       template(&s.Stats, "stats", FieldString),
		"local":       template(&s.Local, "local", FieldInt),
		"local_stats": template(&s.LocalStats, "local_stats", FieldInt),
	}, "title", "from", "url")
	if s.Header == "" && s.Match == "" {
		l.problem(n, "a site needs header or match: an answer must tell whose it is")
	}
	return s
}
