package tui_test

import (
	"testing"

	"matou/steps"
	"matou/tui"
)

// TestExamples: a value on a slide which no step has brought yet is said to be an example, in words too, until
// it is the seat's own.
func TestExamples(t *testing.T) {
	t.Parallel()
	unknown := with(func(o *tui.Options) { o.Lang = "en"; o.Feed.(*session).w.Placeholders["web-XXX"] = "${boot.name}" })
	for _, theme := range []string{"dark", "mono"} {
		play(t, theme, 80, 24, func(f *fixture) {
			f.Press("3")
			f.Sees("web-XXX")
			f.SeesNot("example") // nobody knows yet what the seat has
			f.tell(steps.Batch{})
			f.Sees("web-XXX", "example")
			f.vars = steps.Vars{"seat": "07", "port": "2207", "boot.name": "web-minou"}
			f.finish("jump", "list", "boot")
			f.Sees("web-minou")
			f.SeesNot("example")
		}, unknown, with(func(o *tui.Options) { o.Theme = theme }))
	}
	play(t, "not of what stands for nothing", 80, 24, func(f *fixture) {
		f.tell(steps.Batch{})
		for range 4 {
			f.SeesNot("  example", "- example")
			f.Press("right")
		}
	}, with(func(o *tui.Options) { o.Lang = "en" }))
}
