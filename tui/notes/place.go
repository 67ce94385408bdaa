// Package notes shows a speaker the notes of the slide that the console in another terminal shows.
//
// The console tells a [Keeper] where its reader is, and that keeps a small file in the seat's folder
// up to date. [Follow] reads the file and the journal beside it, as anybody may who can read the
// seat's folder.
package notes

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"matou/steps"
)

// FileName is the file's, in the seat's folder.
const FileName = "place.json"

// Place is where a console's reader is.
type Place struct {
	Slide int       `json:"slide"` // from 1
	Step  steps.ID  `json:"step,omitempty"`
	At    time.Time `json:"at"`             // since when
	Began time.Time `json:"began"`          // when the console was started
	Deck  string    `json:"deck,omitempty"` // file of the deck, when it is not the workshop's
}

// maxPlace bounds the file, in bytes.
const maxPlace = 64 << 10

// ReadPlace reads the file in a seat's folder. It is an error that wraps fs.ErrNotExist when no
// console is open.
func ReadPlace(dir string) (Place, error) {
	name := filepath.Join(dir, FileName)
	data, err := steps.ReadSmall(name, maxPlace)
	if err != nil {
		return Place{}, fmt.Errorf("read the place: %w", err)
	}
	var p Place
	if err := json.Unmarshal(data, &p); err != nil {
		return Place{}, fmt.Errorf("read the place: %w", err)
	}
	return p, nil
}

// Keeper keeps the file up to date, in a goroutine of its own: whoever moves never waits for a disk.
type Keeper struct {
	dir   string
	news  chan struct{}
	ended chan struct{}

	mu      sync.Mutex
	now     Place
	closed  bool
	trouble error
}

// Keep makes a keeper for a seat's folder. Deck is the file of the deck that is shown, if it is not
// the workshop's.
func Keep(dir, deck string) *Keeper {
	k := &Keeper{dir: dir, news: make(chan struct{}, 1), ended: make(chan struct{}), now: Place{Began: time.Now(), Deck: deck}}
	go k.run()
	return k
}

// Set says where the reader is now. It returns at once; of several moves in a row the last is kept.
func (k *Keeper) Set(slide int, step steps.ID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return
	}
	k.now.Slide, k.now.Step, k.now.At = slide, step, time.Now()
	select {
	case k.news <- struct{}{}:
	default:
	}
}

// Close takes the file away: no console is open any more.
func (k *Keeper) Close() error {
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		return nil
	}
	k.closed = true
	k.mu.Unlock()
	close(k.news)
	<-k.ended
	err := os.Remove(filepath.Join(k.dir, FileName))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(k.trouble, err)
}

func (k *Keeper) run() {
	defer close(k.ended)
	for range k.news {
		k.mu.Lock()
		now := k.now
		k.mu.Unlock()
		k.trouble = k.write(now)
	}
}

// write puts the file in place whole: who reads it never sees half of one.
func (k *Keeper) write(p Place) error {
	data, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("keep the place: %w", err)
	}
	file, err := os.CreateTemp(k.dir, FileName+".*")
	if err != nil {
		return fmt.Errorf("keep the place: %w", err)
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), filepath.Join(k.dir, FileName))
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return fmt.Errorf("keep the place: %w", err)
	}
	return nil
}
