// Package fault says what goes wrong in a sandbox, and when.
//
// A fault file is data, so that an instructor rehearses a bad day and a test proves what the
// console makes of it:
//
//	faults:
//	  - at: api.401              # where: one of the points below
//	    match: ^GET /servers     # regular expression on the subject; none matches everything
//	    after: 3                 # let that many matching occasions pass first
//	    count: 1                 # then fire that often; absent or 0 is for ever
//	  - {at: boot.error, match: ^web-, count: 1, text: "No valid host was found. "}
//	  - {at: api.429, count: 2, retry_after: 2}
//	  - {at: boot.slow, delay: 90s}
//
// [Load] reads one; the code that can fail asks [Set.Take] at each occasion. The rules are tried in
// the order of the file and the first that fires wins. Every rule whose point and expression match
// counts the occasion, whether or not an earlier one fires.
package fault

import (
	"regexp"
	"sync"
	"time"
)

// Point is a place where something can go wrong.
type Point string

// The points, and what [Set.Take] is given as the subject at each.
const (
	BootSlow   Point = "boot.slow"   // server name: Delay is added to the time it takes to spawn
	BootError  Point = "boot.error"  // server name: it ends in ERROR, Text is the fault's message
	Quota      Point = "quota"       // server name: the create is refused with 403
	API401     Point = "api.401"     // "GET /servers/detail": the token is refused from then on, as if expired; a login never
	API429     Point = "api.429"     // likewise: too many requests, with Retry-After: RetryAfter seconds
	API500     Point = "api.500"     // likewise: an internal error
	SSHDrop    Point = "ssh.drop"    // host name: the connection is cut, Delay after it was accepted
	SSHHostKey Point = "ssh.hostkey" // host name: another host key is presented
	PuppetFail Point = "puppet.fail" // host name: the agent run fails
	DiskFull   Point = "disk.full"   // "HOST PATH": the write fails with "No space left on device"
	CronSkip   Point = "cron.skip"   // "HOST COMMAND": cron does not run the line when it is due
)

// Points are all points there are, in the order of the documentation.
var Points = []Point{
	BootSlow, BootError, Quota, API401, API429, API500, SSHDrop, SSHHostKey, PuppetFail, DiskFull, CronSkip,
}

// Names are the points as a file has them.
func Names() []string {
	names := make([]string, len(Points))
	for i, p := range Points {
		names[i] = string(p)
	}
	return names
}

// Rule is one fault: where, on what, when, and with which words.
type Rule struct {
	At         Point
	Match      string        // regular expression on the subject; "" matches all
	After      int           // matching occasions that pass before it fires
	Count      int           // how often it fires; 0 is for ever
	Text       string        // the message; "" is the one of the place
	Delay      time.Duration // of recorded time where the place has a pace, else of real time
	RetryAfter int           // seconds
	Line       int           // of the file it comes from; 0 when made in code
}

// Set is a list of rules with how often each was met. The nil Set never fires. All methods are safe
// for concurrent use.
type Set struct {
	mu    sync.Mutex
	rules []*armed
}

type armed struct {
	Rule
	expr *regexp.Regexp
	seen int
	done int
}

// New makes a set of rules. The error names every mistake of every rule.
func New(rules ...Rule) (*Set, error) {
	s := &Set{}
	var bad problems
	for i, r := range rules {
		expr := bad.check(i, r)
		s.rules = append(s.rules, &armed{Rule: r, expr: expr})
	}
	if err := bad.err(); err != nil {
		return nil, err
	}
	return s, nil
}

// Take asks whether something goes wrong now, at this point and for this subject, and counts the
// occasion.
func (s *Set) Take(at Point, subject string) (Rule, bool) {
	if s == nil {
		return Rule{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var hit *armed
	for _, r := range s.rules {
		if r.At != at || !r.expr.MatchString(subject) {
			continue
		}
		r.seen++
		if hit == nil && r.seen > r.After && (r.Count == 0 || r.done < r.Count) {
			r.done++
			hit = r
		}
	}
	if hit == nil {
		return Rule{}, false
	}
	return hit.Rule, true
}

// Rules are the rules of the set, in order.
func (s *Set) Rules() []Rule {
	if s == nil {
		return nil
	}
	rules := make([]Rule, len(s.rules))
	for i, r := range s.rules {
		rules[i] = r.Rule
	}
	return rules
}
