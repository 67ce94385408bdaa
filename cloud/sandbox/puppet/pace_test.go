package puppet

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// recordedGaps reads the lab's recording: how long each phase of the agent's runs took, and each
// change, by the names that puppet.yaml has for them.
func recordedGaps(t *testing.T) map[string][]time.Duration {
	t.Helper()
	names, err := filepath.Glob(workshopDir + "/sandbox/recorded/*.jsonl")
	if err != nil || len(names) == 0 {
		t.Fatalf("no recording: %v", err)
	}
	colour := regexp.MustCompile(`\x1b\[[0-9;]*m`)
	change := regexp.MustCompile(`/([A-Z][A-Za-z_]*\[[^/]*\])/(?:ensure: (?:created|Creating)|returns: executed)`)
	gaps := map[string][]time.Duration{}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		agent, last, before := false, 0, ""
		for lines := bufio.NewScanner(f); lines.Scan(); {
			var l struct {
				Ms         int
				Kind, Text string
			}
			if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			text := colour.ReplaceAllString(l.Text, "")
			gap := time.Duration(l.Ms-last) * time.Millisecond
			switch {
			case l.Kind != "":
				agent = l.Kind == "puppet.agent"
			case !agent:
			case before == "":
				gaps["start"] = append(gaps["start"], gap)
			case strings.HasSuffix(text, "Retrieving plugin"), strings.HasSuffix(text, "Loading facts"):
				gaps["plugins"] = append(gaps["plugins"], gap)
			case strings.Contains(text, "Caching catalog"):
				gaps["facts and catalog"] = append(gaps["facts and catalog"], gap)
			default:
				if m := change.FindStringSubmatch(text); m != nil {
					gaps[m[1]] = append(gaps[m[1]], gap)
				}
			}
			last, before = l.Ms, text
			if l.Kind != "" {
				before = ""
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return gaps
}

// TestPace holds the durations of puppet.yaml against the recording, from which they are taken: the
// sandbox takes about as long as the lab did.
func TestPace(t *testing.T) {
	t.Parallel()
	s := newSim(t)
	times := s.data.Times
	seen := 0
	for name, all := range recordedGaps(t) {
		slices.Sort(all)
		real := all[(len(all)-1)/2]
		var ours duration
		switch name {
		case "start":
			ours = times.Start
		case "plugins":
			ours = times.Plugins
		case "facts and catalog":
			ours = times.Facts + times.Catalog
		default:
			kind, _, _ := strings.Cut(name, "[")
			var ok bool
			if ours, ok = times.Changes[name]; !ok {
				ours = times.Changes[kind]
			}
		}
		seen++
		// What takes less than a blink may be off by as much.
		const blink = 120 * time.Millisecond
		got := time.Duration(ours)
		if got > real*3/2+blink || got < real*2/3-blink {
			t.Errorf("%s takes %s in the sandbox, and took %s in the lab", name, got, real)
		}
	}
	if seen < 8 {
		t.Errorf("the recording tells %d durations only", seen)
	}
}
