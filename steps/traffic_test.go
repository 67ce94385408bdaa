package steps_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"matou/steps"
)

const sites = `traffic:
  via: jump
  every: 400ms
  sites:
    - {title: {fr: Un, en: One}, from: second, url: "http://${box.address}:${port}/", header: X-By}
    - {title: {fr: Deux, en: Two}, from: third, url: "http://${box.address}/", match: '^${box.id} (\w+)', stats: "http://x/", local: "${port}", local_stats: "0"}
steps:
`

func TestLoadTraffic(t *testing.T) {
	t.Parallel()
	w, err := load(strings.Replace(lesson, "steps:\n", sites, 1))
	if err != nil {
		t.Fatal(err)
	}
	if v := w.Traffic; v.Via != "jump" || v.Every != 400*time.Millisecond || len(v.Sites) != 2 || v.Sites[0].Header != "X-By" ||
		v.Sites[1].Title.In("fr") != "Deux" || v.Sites[1].Local != "${port}" || v.Sites[1].Stats != "http://x/" {
		t.Errorf("%+v", v)
	}
	for _, c := range []struct{ old, new, want string }{
		{"via: jump\n  every", "via: jumq\n  every", `no hop "jumq": did you mean jump?`},
		{"every: 400ms", "every: 1ms", "every must be at least 100ms"},
		{"from: third", "from: fourth", `no step "fourth"`},
		{"from: second", "from: third", ""},
		{"from: second, url", "from: first, url", ""},
		{`url: "http://${box.address}:${port}/"`, `url: "http://${nope}/"`, "nothing gives a value to ${nope}"},
		{`url: "http://${box.address}:${port}/"`, `url: "http://${second.exit}/"`, ""},
		{`from: second, url: "http://${box.address}:${port}/"`, `from: first, url: "http://${second.exit}/"`, `${second.exit} is saved only by the later step "second"`},
		{", header: X-By", "", "a site needs header or match"},
		{`local_stats: "0"`, `local_stats: "x"`, "local_stats must be a whole number"},
		{`match: '^`, `match: '^(`, "match: error parsing regexp"},
		{"url: \"http://${box.address}/\", ", "", `a site needs "url"`},
	} {
		_, err := load(strings.Replace(strings.Replace(lesson, "steps:\n", sites, 1), c.old, c.new, 1))
		if c.want == "" && err != nil || c.want != "" && !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: %v", c.new, err)
		}
	}
}

func TestSiteAt(t *testing.T) {
	t.Parallel()
	w, err := load(strings.Replace(lesson, "steps:\n", sites, 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		second, third steps.Status
		want          int
	}{
		{steps.Pending, steps.Pending, -1},
		{steps.Ready, steps.Pending, -1},
		{steps.Running, steps.Pending, 0},
		{steps.Done, steps.Ready, 0},
		{steps.Failed, steps.Pending, 0},
		{steps.Done, steps.Running, 1},
		{steps.Stale, steps.Stale, 1},
		{steps.Pending, steps.Done, 1},
	} {
		s := steps.State{Steps: map[steps.ID]steps.StepState{"second": {Status: c.second}, "third": {Status: c.third}}}
		if got := w.SiteAt(s); got != c.want {
			t.Errorf("%s, %s: %d, want %d", c.second, c.third, got, c.want)
		}
	}
}
