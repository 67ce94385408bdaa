package fault

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestTakeCountsOccasions(t *testing.T) {
	t.Parallel()
	s, err := New(
		Rule{At: API401, Match: "^GET /servers", After: 2, Count: 1},
		Rule{At: BootSlow, Match: "^web-", Delay: time.Minute},
	)
	if err != nil {
		t.Fatal(err)
	}
	var got []bool
	for range 5 {
		_, ok := s.Take(API401, "GET /servers/detail")
		got = append(got, ok)
		s.Take(API401, "GET /flavors")
	}
	want := []bool{false, false, true, false, false}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("occasion %d: fired %v, want %v", i, got[i], want[i])
		}
	}
	for range 3 {
		if r, ok := s.Take(BootSlow, "web-1"); !ok || r.Delay != time.Minute {
			t.Errorf("boot.slow web-1 = %v, %v", r, ok)
		}
	}
	if _, ok := s.Take(BootSlow, "puppet-1"); ok {
		t.Error("boot.slow fires for puppet-1")
	}
}

func TestFirstRuleWins(t *testing.T) {
	t.Parallel()
	s, err := New(Rule{At: Quota, Text: "one", Count: 1}, Rule{At: Quota, Text: "two", Count: 1})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for range 3 {
		r, ok := s.Take(Quota, "x")
		if ok {
			texts = append(texts, r.Text)
		}
	}
	if got := strings.Join(texts, " "); got != "one two" {
		t.Errorf("fired %q, want %q", got, "one two")
	}
}

func TestNilSetNeverFires(t *testing.T) {
	t.Parallel()
	var s *Set
	if _, ok := s.Take(API500, "GET /"); ok || s.Rules() != nil {
		t.Error("a nil set fires")
	}
}

func TestTakeConcurrently(t *testing.T) {
	t.Parallel()
	s, err := New(Rule{At: API500, After: 10, Count: 7})
	if err != nil {
		t.Fatal(err)
	}
	var fired atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if _, ok := s.Take(API500, "GET /servers"); ok {
					fired.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if fired.Load() != 7 {
		t.Errorf("fired %d times, want 7", fired.Load())
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	s, err := Load(strings.NewReader(`
faults:
  - at: api.429
    match: ^POST /servers
    after: 1
    count: 2
    retry_after: 3
    text: slow down
  - {at: boot.slow, delay: 1m30s}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Rule{
		{At: API429, Match: "^POST /servers", After: 1, Count: 2, RetryAfter: 3, Text: "slow down", Line: 3},
		{At: BootSlow, Delay: 90 * time.Second, Line: 9},
	}
	got := s.Rules()
	if len(got) != len(want) {
		t.Fatalf("rules = %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("rule %d = %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestLoadEmpty(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "# nothing\n", "faults:\n", "faults: []\n"} {
		s, err := Load(strings.NewReader(text))
		if err != nil || len(s.Rules()) != 0 {
			t.Errorf("Load(%q) = %v, %v", text, s.Rules(), err)
		}
	}
}

func TestLoadTellsAllMistakes(t *testing.T) {
	t.Parallel()
	_, err := Load(strings.NewReader(`faults:
  - at: api.402
    macth: x
  - match: "("
    after: many
  - {at: api.500, count: -1, delay: soon}
  - just a word
  - {at: quota, at: quota, text: [a]}
folts: 1
`))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`line 2: unknown point "api.402"`, `line 3: unknown key "macth"`,
		`line 4: the key "at" is missing`, "line 4: match:", `line 5: after: "many"`,
		"line 6: a negative", `line 6: delay: "soon"`, "line 7: want a mapping",
		"line 8: at: given twice", "line 8: text: want a single value", `line 9: unknown key "folts"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in:\n%v", want, err)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("faults:\n  - {at: quota}\n")
	f.Add("faults: &a [*a]")
	f.Add("- 1")
	f.Fuzz(func(_ *testing.T, text string) {
		s, err := Load(strings.NewReader(text))
		if err == nil {
			s.Take(Quota, text)
		}
	})
}
