package steps

import (
	"slices"
	"strings"
)

// Nearest picks the names that somebody who typed name may have meant: those at a small edit
// distance (Levenshtein), and those it is a part of, the best first, three at most.
func Nearest(name string, names []string) []string {
	type scored struct {
		name string
		d    int
	}
	var near []scored
	lower := strings.ToLower(name)
	for i, n := range names {
		if slices.Contains(names[:i], n) {
			continue
		}
		d := distance(lower, strings.ToLower(n))
		switch {
		case d <= max(2, len(name)/3):
			near = append(near, scored{n, d})
		case lower != "" && strings.Contains(strings.ToLower(n), lower):
			near = append(near, scored{n, 100 + d})
		}
	}
	slices.SortStableFunc(near, func(a, b scored) int { return a.d - b.d })
	var out []string
	for _, s := range near[:min(3, len(near))] {
		out = append(out, s.name)
	}
	return out
}

func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			cost := diagonal
			if x[i] != y[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(y)]
}
