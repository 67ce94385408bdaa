package remote

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestFollowSlowHost: after a gap the host says how many lines it is going to repeat, and they are
// waited for, however slowly they come: none is shown twice, none is missed.
func TestFollowSlowHost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, count string
		pause       time.Duration // before each line
		again       []string
		want        string
	}{
		{"at once", " 3", 0, []string{"one", "two", "three"}, "gap three"},
		{"slow", " 3", 2 * time.Second, []string{"one", "two", "three", "four"}, "gap three four"},
		{"empty file", " 0", time.Hour, []string{"three"}, "gap three"},
		{"replaced between count and end", " 90", time.Second, []string{"new"}, "missed new"},
		{"no wc there", " sh: wc: not found", 0, []string{"one", "two", "three"}, "gap three"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var got []string
				f := &follower{seen: []string{"one", "two"}, out: func(l FollowLine) {
					switch {
					case l.Missed:
						got = append(got, "missed")
					case l.Gap:
						got = append(got, "gap")
					default:
						got = append(got, l.Text)
					}
				}}
				f.resume(time.Second)
				f.begin()
				f.line(Line{Text: "Bienvenue !"})
				f.line(Line{Text: "$ " + f.mark + tt.count})
				for _, text := range tt.again {
					time.Sleep(tt.pause)
					f.line(Line{Text: text})
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if text := strings.Join(got, " "); text != tt.want {
					t.Errorf("shown %q, want %q", text, tt.want)
				}
			})
		})
	}
}
