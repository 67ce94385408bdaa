package steps

import (
	"slices"
	"strconv"
	"strings"
)

// CheckSeat refuses a seat whose name does not make what the hops to log in to need: a port that is made of
// its number, say, when it has none. Given are the parameters that have a value of their own, here the hop
// this program runs on: it, and those before it, are not logged in to.
func (w *Workshop) CheckSeat(seat, here string, given map[string]string) error {
	vars := Builtins(w, seat)
	missing := map[string][]string{} // parameter -> what its default lacks
	for _, p := range w.Params {
		value, ok := given[p.Name]
		if !ok {
			var err error
			if value, err = Expand(p.Default, vars, nil); err != nil {
				for _, name := range Names(p.Default) {
					if _, known := vars[name]; !known {
						missing[p.Name] = append(missing[p.Name], name)
					}
				}
				continue
			}
		}
		vars[p.Name] = value
	}
	local := w.Chain(here)
	for _, h := range w.Hops {
		if slices.ContainsFunc(local, func(l Hop) bool { return l.Name == h.Name }) {
			continue
		}
		for _, template := range []string{h.User, h.Host, h.Port} {
			for _, name := range Names(template) {
				if slices.Contains(missing[name], "seat.number") {
					return Fail(FailValue, "cause.seat",
						"seat {seat} has no number from 0 to 99 in its name, and {name} is made of it: call it 07 or team-07, or give the value with --set {name}=…",
						"seat", strconv.Quote(seat), "name", name)
				}
			}
		}
	}
	return nil
}

// seatDigits are the digits in a seat's name.
func seatDigits(seat string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, seat)
}
