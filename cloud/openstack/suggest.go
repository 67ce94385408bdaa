package openstack

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"matou/cloud"
)

// suggest words what somebody may have meant by name: the nearest candidates, or, when none is
// near, the first few there are.
func suggest(name string, candidates []string) wording {
	type near struct {
		name     string
		distance int
	}
	var found []near
	for _, c := range candidates {
		found = append(found, near{c, distance(strings.ToLower(name), strings.ToLower(c))})
	}
	slices.SortFunc(found, func(a, b near) int {
		if a.distance != b.distance {
			return a.distance - b.distance
		}
		return strings.Compare(a.name, b.name)
	})
	found = slices.CompactFunc(found, func(a, b near) bool { return a.name == b.name })
	limit := max(2, len([]rune(name))/3)
	var close, all []string
	for _, n := range found {
		quoted := fmt.Sprintf("%q", cloud.Clean(n.name))
		if n.distance <= limit && len(close) < 3 {
			close = append(close, quoted)
		}
		if len(all) < 5 {
			all = append(all, quoted)
		}
	}
	switch {
	case len(close) > 0:
		return inWords("cause.nearest", "nearest: {names}", "names", strings.Join(close, ", "))
	case len(found) > len(all):
		return inWords("cause.there-are", "there are {names} and {n} more", "names", strings.Join(all, ", "), "n", strconv.Itoa(len(found)-len(all)))
	case len(all) > 0:
		return inWords("cause.there-is", "there is {names}", "names", strings.Join(all, ", "))
	}
	return inWords("cause.none", "there is none at all")
}

// distance is the number of single letters to insert, delete, replace or swap with their
// neighbour to make a of b (optimal string alignment). Names are cut at 64 letters.
func distance(a, b string) int {
	s, t := cut([]rune(a)), cut([]rune(b))
	before, last, row := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(s); i++ {
		row[0] = i
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(t)]
}

func cut(r []rune) []rune { return r[:min(len(r), 64)] }
