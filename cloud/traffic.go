package cloud

import (
	"strings"
	"time"
)

// Traffic is what has been seen of a web site since counting began: who answered, and what its load
// balancer says of itself.
type Traffic struct {
	Version int    // grows with each change of what follows
	Site    int    // which of the workshop's sites it is; -1: none has come up yet
	URL     string // what is asked
	Err     error  // why nothing can be asked now; nil while it is asked

	Asked    int       // requests, answered or not
	Shares   []Share   // of those that were answered, by name
	Troubles []Trouble // of those that were not, the newest last
	Recent   []Answer  // the last requests, the newest last
	Rate     float64   // requests a second, of late

	Stats    []ProxyRow // the load balancer's own statistics; nil when none were read
	StatsAt  time.Time  // when they were read
	StatsErr error      // why the last ones could not be read
}

// Share is how many answers came from one server.
type Share struct {
	Name  string // empty: an answer that did not say whose it is
	Count int
	Last  time.Time
}

// Answer is one request and what came of it.
type Answer struct {
	At     time.Time
	Who    string
	Took   time.Duration
	Kind   TroubleKind // empty: somebody answered
	Detail string
}

// TroubleKind says why a request got no answer.
type TroubleKind string

// The kinds of trouble.
const (
	TroubleRefused TroubleKind = "refused" // nothing listens there
	TroubleTimeout TroubleKind = "timeout" // no answer in time
	TroubleEmpty   TroubleKind = "empty"   // closed without a word: a TCP load balancer with no server up does that
	TroubleStatus  TroubleKind = "status"  // an HTTP status that is no success; the detail is the status
	TroubleWay     TroubleKind = "way"     // the host the request starts from can't be reached
	TroubleOther   TroubleKind = "other"   // something else; the detail says what
)

// TroubleKinds lists them all.
var TroubleKinds = []TroubleKind{TroubleRefused, TroubleTimeout, TroubleEmpty, TroubleStatus, TroubleWay, TroubleOther}

// Trouble is how often requests failed in one way.
type Trouble struct {
	Kind   TroubleKind
	Detail string // of the last time
	Count  int
	Last   time.Time
}

// ProxyKind is what a row of a load balancer's statistics is about.
type ProxyKind int

// The kinds, by the numbers of HAProxy's field "type".
const (
	ProxyFrontend ProxyKind = iota
	ProxyBackend
	ProxyServer
	ProxyListener
)

// ProxyRow is a row of a load balancer's statistics, with the fields people look at. They are those of
// HAProxy's management guide, section 9.1.
type ProxyRow struct {
	Proxy, Name   string
	Kind          ProxyKind
	Status        string        // "UP", "DOWN 1/2", "MAINT", "no check", "OPEN"
	Check         string        // how the last health check ended: "L4OK", "L7STS/503"; empty: none
	CheckTook     time.Duration // how long it took
	CheckSays     string        // what it found: "Connection refused"
	Fails         int64         // checks that failed while the server was up
	Current       int64         // sessions
	Total         int64         // sessions since the load balancer started
	In, Out       int64         // bytes
	Downtime      time.Duration // all in all
	Since         time.Duration // since the last change of status
	Weight        int64
	Active, Spare int64 // servers up, of a backend: active ones, and backups
}

// ProxyHealth is a status in one word, the same for all versions of HAProxy.
type ProxyHealth int

// How a row may stand.
const (
	ProxyUnknown  ProxyHealth = iota // not checked, or a status we don't know
	ProxyUp                          //
	ProxyChanging                    // up with checks that fail, or down with checks that hold
	ProxyDown                        //
	ProxyOut                         // taken out by hand: maintenance, drain
)

// Health reads the status: "UP 2/3" is on its way down, "DOWN 1/2" on its way up.
func (r ProxyRow) Health() ProxyHealth {
	word, rest, _ := strings.Cut(strings.Replace(r.Status, "(", " (", 1), " ")
	switch {
	case word == "UP" && rest != "", word == "DOWN" && rest != "" && strings.Contains(rest, "/"):
		return ProxyChanging
	case word == "UP", word == "OPEN":
		return ProxyUp
	case word == "DOWN", word == "STOP", word == "FULL":
		return ProxyDown
	case word == "MAINT", word == "DRAIN", word == "NOLB":
		return ProxyOut
	}
	return ProxyUnknown
}
