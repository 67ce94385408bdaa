package main

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"matou/steps"
)

// TestJSONHelp: every field that a line of --json may have is described.
func TestJSONHelp(t *testing.T) {
	for _, v := range []any{steps.Event{}, steps.Failure{}, outputLine{}, steps.Line{}} {
		typ := reflect.TypeOf(v)
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			if name == "" || name == "-" {
				continue
			}
			if !regexp.MustCompile(`\b` + name + `\b`).MatchString(jsonHelp) {
				t.Errorf("%s of %s is not described", name, typ)
			}
		}
	}
	for _, kind := range []steps.EventType{
		steps.JournalOpened, steps.StepStarted, steps.ActionStarted, steps.ActionDone, steps.ActionFailed, steps.ActionSkipped, steps.StepDone,
		steps.StepFailed, steps.StepChecked, steps.StepStale, steps.StepUndone, steps.PlanMade, steps.PlanEnded, steps.EngineRecovered,
	} {
		if !strings.Contains(jsonHelp, string(kind)) {
			t.Errorf("%s is not described", kind)
		}
	}
}
