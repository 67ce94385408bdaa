package action

import (
	"errors"
	"testing"

	"matou/assets"
	"matou/steps"
)

func TestSite(t *testing.T) {
	t.Parallel()
	files, err := assets.Workshop("web-cloud-puppet")
	if err != nil {
		t.Fatal(err)
	}
	w, err := steps.Load("web-cloud-puppet", files, Kinds())
	if err != nil {
		t.Fatal(err)
	}
	vars, err := w.Resolve(nil, steps.Builtins(w, "07"))
	if err != nil {
		t.Fatal(err)
	}
	r := New(Deps{Here: "inception"})
	in := steps.Input{Workshop: w, Seat: "07", Vars: vars}
	state := steps.State{Steps: map[steps.ID]steps.StepState{}}
	if _, err := r.Site(in, state); !errors.Is(err, ErrNoSite) {
		t.Errorf("before there is one: %v", err)
	}
	state.Steps["bz3"] = steps.StepState{Status: steps.Done}
	var f *steps.Failure
	if _, err := r.Site(in, state); !errors.As(err, &f) || f.Kind != steps.FailValue {
		t.Errorf("without an address: %v", err)
	}
	in.Vars = vars.With(map[string]string{"web.address": "10.0.0.7", "master.address": "2001:db8::1"})
	site, err := r.Site(in, state)
	if err != nil || site.Number != 0 || site.URL != "http://10.0.0.7:5000/" || site.Stats != "" || site.Header != "X-Served-By" || site.Local != "0" {
		t.Errorf("%+v, %v", site, err)
	}
	state.Steps["bz4"] = steps.StepState{Status: steps.Running}
	site, err = r.Site(in, state)
	if err != nil || site.Number != 1 || site.URL != "http://[2001:db8::1]:80/" || site.Stats != "http://[2001:db8::1]:9090/" {
		t.Errorf("%+v, %v", site, err)
	}
	if m := site.Match.FindStringSubmatch("Bonjour de web-07\n"); len(m) != 2 || m[1] != "web-07" {
		t.Errorf("%v", m)
	}
	if _, err := r.Dialer(t.Context(), in, nil, "inception"); err != nil {
		t.Errorf("from where it runs: %v", err)
	}
	if here := r.Here(in); len(here) != 2 || here[0].Host != "jump.example.org" || here[1].Port != 2207 {
		t.Errorf("%+v", here)
	}
	if here := New(Deps{}).Here(in); here != nil {
		t.Errorf("%+v", here)
	}
}
