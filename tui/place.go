package tui

import (
	"time"

	"matou/slides"
	"matou/steps"
)

// Reload is a message for the console: these decks, by language, in place of those it shows. The
// reader stays at the same slide.
type Reload struct {
	Decks  map[string]*slides.Deck
	Slides []steps.ID // as Options.Slides
}

// reload shows other decks. A slide that has moved is known by its title.
func (m *Model) reload(msg Reload, now time.Time) {
	title := ""
	if cur := m.slide.Current(); cur != nil {
		title = cur.Title
	}
	m.opts.Decks = msg.Decks
	if m.opts.Slides != nil && msg.Slides != nil {
		m.workshop = m.workshop.OnSlides(msg.Slides)
	}
	m.slide.SetDeck(m.deck(m.text.Lang))
	if cur := m.slide.Current(); cur != nil && cur.Title != title {
		for i, s := range m.slide.Deck().Slides {
			if s.Title == title {
				m.turn(m.slide.Goto(i))
				break
			}
		}
	}
	m.arriveIfLost()
	m.say(now, m.text.T("toast.reloaded"))
}

// whereabouts is what OnSlide is told.
type whereabouts struct {
	slide int
	step  steps.ID
}

// report tells OnSlide about a move.
func (m *Model) report() {
	if now := (whereabouts{m.slide.Index() + 1, m.step}); m.opts.OnSlide != nil && now != m.told {
		m.told = now
		m.opts.OnSlide(now.slide, now.step)
	}
}
