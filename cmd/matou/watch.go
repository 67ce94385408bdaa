package main

import (
	"context"
	"io/fs"
	"maps"
	"os"
	"time"

	"matou/slides"
	"matou/steps"
)

// deckLook is how often a deck's files are looked at while the console shows it.
const deckLook = time.Second

// stamp tells one version of a file from another.
type stamp struct {
	at   time.Time
	size int64
}

// watchDecks gives the decks to show whenever one of their files has changed, until ctx ends; the
// channel is closed when it has ended. Decks inside the program never change: they have no time.
func watchDecks(ctx context.Context, w *steps.Workshop, file string, show func(map[string]*slides.Deck)) <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		before := stamps(w, file)
		if len(before) == 0 {
			return
		}
		tick := time.NewTicker(deckLook)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			now := stamps(w, file)
			if maps.Equal(now, before) || len(now) < len(before) { // an editor may have put one away for a moment
				continue
			}
			decks, err := loadDecks(w, file)
			if err != nil {
				continue // a file that is being written: it is looked at again
			}
			before = now
			show(decks)
		}
	}()
	return ended
}

// stamps are those of all the files a deck is in.
func stamps(w *steps.Workshop, file string) map[string]stamp {
	all := map[string]stamp{}
	note := func(name string, info fs.FileInfo, err error) {
		if err == nil && !info.ModTime().IsZero() && info.Mode().IsRegular() {
			all[name] = stamp{info.ModTime(), info.Size()}
		}
	}
	if file != "" {
		info, err := os.Stat(file)
		note(file, info, err)
		return all
	}
	for _, name := range w.Decks {
		info, err := fs.Stat(w.Files, name)
		note(name, info, err)
	}
	return all
}
