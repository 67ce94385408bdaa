package pane

import (
	"slices"
	"strings"
	"time"

	"matou/cloud"
)

// freshFor is how long a server that has changed is highlighted.
const freshFor = 4 * time.Second

// SetExpect tells how long a server is expected to be built; zero when nobody knows.
func (s *Servers) SetExpect(f func(cloud.Server) time.Duration) { s.expect = f }

// arrange picks the servers to show and puts them in order; the one that is selected stays so.
func (s *Servers) arrange() {
	keep := s.Selected().ID
	s.rows = s.rows[:0:0]
	for _, v := range s.snap.Servers {
		if s.filter == nil || s.filter.MatchString(s.searchable(v)) {
			s.rows = append(s.rows, v)
		}
	}
	if s.sort != "" {
		slices.SortStableFunc(s.rows, func(a, b cloud.Server) int {
			n := compare(s.sort, a, b)
			if s.down {
				return -n
			}
			return n
		})
	}
	for i, v := range s.rows {
		if v.ID == keep {
			s.cursor = i
		}
	}
	s.cursor = min(s.cursor, max(0, len(s.rows)-1))
	s.version++
}

// searchable is what a filter looks at: all that the list can show of a server.
func (s *Servers) searchable(v cloud.Server) string {
	return strings.Join([]string{v.ID, v.Name, string(v.Status), v.TaskState, v.PowerState, v.Networks()}, " ")
}

// compare orders by a column: addresses by their number, all else by its letters.
func compare(key string, a, b cloud.Server) int {
	switch key {
	case "status":
		return strings.Compare(string(a.Status), string(b.Status))
	case "task":
		return strings.Compare(a.TaskState, b.TaskState)
	case "address":
		return a.Address().Compare(b.Address())
	case "created":
		return a.Created.Compare(b.Created)
	default:
		return strings.Compare(a.Name, b.Name)
	}
}

// sorts are the orders there are, in the order of the key that changes them. Nova's own comes first.
var sorts = []string{"", "name", "status", "task", "address", "created"}

// Sort orders by the next column, and tells its key; empty for nova's own order.
func (s *Servers) Sort() string {
	s.sort, s.down = sorts[(slices.Index(sorts, s.sort)+1)%len(sorts)], false
	s.arrange()
	return s.sort
}

// Reverse turns the order round, and tells the key of its column.
func (s *Servers) Reverse() string {
	if s.sort == "" {
		s.sort = "name"
	}
	s.down = !s.down
	s.arrange()
	return s.sort
}

// arrow points the way a column is sorted; empty for one that is not.
func (s *Servers) arrow(key string) string {
	if key == "networks" {
		key = "address"
	}
	switch {
	case s.sort == "" || s.sort != key:
		return ""
	case s.down:
		return " " + s.look.Styles.Glyph.Down
	default:
		return " " + s.look.Styles.Glyph.Up
	}
}

// Filter shows only servers that match a regular expression in anything the list can show. An empty
// one shows all.
func (s *Servers) Filter(words string) error {
	re, err := pattern(words)
	if err != nil {
		return err
	}
	s.filter, s.words = re, words
	s.arrange()
	return nil
}

// Filtered is the filter as it was typed; empty when all are shown.
func (s *Servers) Filtered() string { return s.words }

// Click selects the server on a line of the pane, the first line being 0.
func (s *Servers) Click(line int) {
	if i := s.top + line - 1; line > 0 && i < len(s.rows) {
		s.Move(i - s.cursor)
	}
}

// highlight notes which servers are new or have changed since the list before. The first list is
// all new, which is no news.
func (s *Servers) highlight(next cloud.Snapshot, now time.Time) {
	if s.snap.Version == 0 || next.Err != nil {
		return
	}
	before := map[string]cloud.Server{}
	for _, v := range s.snap.Servers {
		before[v.ID] = v
	}
	for _, v := range next.Servers {
		old, ok := before[v.ID]
		if ok && old.Status == v.Status && old.TaskState == v.TaskState && old.Name == v.Name && old.Address() == v.Address() {
			continue
		}
		if s.changed == nil {
			s.changed = map[string]time.Time{}
		}
		s.changed[v.ID] = now.Add(freshFor)
	}
}

// fade forgets highlights whose time is over, and tells whether there were any.
func (s *Servers) fade() bool {
	n := len(s.changed)
	for id, until := range s.changed {
		if !until.After(s.now) {
			delete(s.changed, id)
		}
	}
	return len(s.changed) < n
}

// Fades is when the next highlight goes; zero when there is none.
func (s *Servers) Fades() time.Time {
	var first time.Time
	for _, until := range s.changed {
		if first.IsZero() || until.Before(first) {
			first = until
		}
	}
	return first
}

func (s *Servers) expected(v cloud.Server) time.Duration {
	if s.expect == nil {
		return 0
	}
	return s.expect(v)
}

// statusOf is status with, for a server that is being built, how long that should take.
func (s *Servers) statusOf(v cloud.Server) string {
	word := s.status(v)
	if d := s.expected(v); d > 0 && strings.Contains(word, " ") {
		word += "/" + Clock(d)
	}
	return word
}

// late tells whether a server takes longer to be built than it should.
func (s *Servers) late(v cloud.Server) bool {
	d := s.expected(v)
	return v.Status == cloud.StatusBuild && d > 0 && !v.Created.IsZero() && s.now.Sub(v.Created) > d
}
