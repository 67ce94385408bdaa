package main

import (
	"path/filepath"

	"matou/steps"
	"matou/tui/i18n"
)

// onDisk is what a command needs that only reads what a seat left on disk: the workshop, the seat's
// folder and the reader's words.
func (o *options) onDisk() (w *steps.Workshop, dir string, text i18n.Texts, err error) {
	if w, err = loadWorkshop(o.workshop); err != nil {
		return nil, "", text, err
	}
	if dir, err = o.seatDir(w); err != nil {
		return nil, "", text, err
	}
	_, text, err = o.texts()
	return w, dir, text, err
}

// seatDir is where a seat's journal is, opened or not.
func (o *options) seatDir(w *steps.Workshop) (string, error) {
	seat, err := o.seatName()
	if err != nil {
		return "", err
	}
	account := chooseAccount(o, w)
	if err := account.findLab(w); err != nil {
		return "", err
	}
	return filepath.Join(o.stateDir(), w.Name, account.folder(), "seats", seat), nil
}
