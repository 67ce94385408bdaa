package main

import (
	"testing"

	"matou/assets"
	"matou/steps/action"
	"matou/tui/i18n"
)

// TestKindsAreTold: each kind of action has a sentence, in every language.
func TestKindsAreTold(t *testing.T) {
	t.Parallel()
	all, err := i18n.Load(assets.I18n())
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range all.Langs() {
		text := all.In(lang)
		for name := range action.Kinds() {
			if !text.Has("cli.kind." + name) {
				t.Errorf("%s: no text cli.kind.%s", lang, name)
			}
		}
	}
}
