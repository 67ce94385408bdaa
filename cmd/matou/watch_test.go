package main

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"matou/slides"
	"matou/steps"
)

func TestWatchDecks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		file := filepath.Join(dir, "deck.en.md")
		write := func(text string, at time.Time) {
			t.Helper()
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(file, at, at); err != nil {
				t.Fatal(err)
			}
		}
		pass := func() { time.Sleep(3 * deckLook); synctest.Wait() }
		write("# One", time.Unix(1, 0))
		w := &steps.Workshop{Languages: []string{"en"}, Decks: map[string]string{"en": "deck.en.md"}, Files: os.DirFS(dir)}
		ctx, cancel := context.WithCancel(t.Context())
		var mu sync.Mutex
		var shown []string
		show := func(decks map[string]*slides.Deck) {
			mu.Lock()
			defer mu.Unlock()
			shown = append(shown, decks["en"].Title())
		}
		ended := watchDecks(ctx, w, "", show)
		single := watchDecks(ctx, w, file, show)
		pass()
		if shown != nil {
			t.Errorf("nothing has changed, and %v was shown", shown)
		}
		write("# Two", time.Unix(2, 0)) // the same size, another time
		pass()
		if len(shown) != 2 || shown[0] != "Two" || shown[1] != "Two" {
			t.Errorf("shown %v", shown)
		}
		if err := os.Remove(file); err != nil { // some editors write by putting the old one away
			t.Fatal(err)
		}
		pass()
		write("# Three", time.Unix(2, 0))
		pass()
		if len(shown) != 4 || shown[3] != "Three" {
			t.Errorf("shown %v", shown)
		}
		cancel()
		<-ended
		<-single

		inside := &steps.Workshop{Decks: map[string]string{"en": "deck.en.md"}, Files: fstest.MapFS{"deck.en.md": {Data: []byte("# One")}}}
		<-watchDecks(t.Context(), inside, "", show) // nothing to watch: it has ended
	})
}
