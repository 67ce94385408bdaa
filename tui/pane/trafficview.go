package pane

import (
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"matou/cloud"
	"matou/steps"
	"matou/tui/theme"
)

// Lines draws what is seen of the text.
func (t *Traffic) Lines() []string {
	lines := t.text()
	return t.page(lines[t.at():])
}

// text is all there is to show. It is drawn anew only when something has changed.
func (t *Traffic) text() []string {
	if t.lines != nil && t.drawn == t.version {
		return t.lines
	}
	parts := t.parts()
	lines, count := []string{}, 0
	for _, p := range parts {
		count += len(p)
	}
	airy := count+len(parts)-1 <= t.height // a blank line between the parts, when there is room for all
	for i, p := range parts {
		if airy && i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, p...)
	}
	t.lines, t.drawn = lines, t.version
	return lines
}

// at is the first line that is seen.
func (t *Traffic) at() int { return min(t.top, max(0, len(t.text())-t.height)) }

// Heads says how fast it asks, and what is out of sight.
func (t *Traffic) Heads() (left, right, foot string) {
	st, x := t.look.Styles, t.look.Text
	left = x.T("pane.traffic")
	switch {
	case t.paused:
		right = st.Warn.Render(x.T("traffic.paused"))
	case t.snap.Site >= 0 && t.snap.Err == nil:
		right = st.Dim.Render(t.rate())
	}
	if below := len(t.text()) - t.at() - t.height; below > 0 {
		foot = st.Warn.Render(st.Glyph.Down + " " + x.N("slide.below", below))
	} else if top := t.at(); top > 0 {
		foot = st.Dim.Render(st.Glyph.Up + " " + x.N("slide.above", top))
	}
	return left, right, foot
}

// rate is how many requests there are a second, in whole numbers: one an eye can follow.
func (t *Traffic) rate() string {
	switch r := t.snap.Rate; {
	case r <= 0:
		return ""
	case r < 0.75:
		return t.look.Text.T("traffic.each", "n", itoa(int(1/r+0.5)))
	default:
		return t.look.Text.T("traffic.rate", "n", itoa(int(r+0.5)))
	}
}

// parts are the paragraphs there are to show, the most important first.
func (t *Traffic) parts() [][]string {
	st, x := t.look.Styles, t.look.Text
	if t.snap.Site < 0 || t.snap.Site >= len(t.workshop.Traffic.Sites) || t.snap.Err != nil {
		return t.missing()
	}
	site := t.workshop.Traffic.Sites[t.snap.Site]
	asked := x.N("traffic.asked", t.snap.Asked)
	title := st.Strong.Render(site.Title.In(x.Lang))
	if url := cloud.Clean(t.snap.URL); t.width >= 50 {
		title += "  " + st.Dim.Render(url)
	}
	head := []string{t.split(" "+title, st.Dim.Render(asked), t.measure())}
	if t.snap.Asked == 0 {
		head = append(head, " "+st.Dim.Render(x.T("traffic.asking")))
	}
	parts := [][]string{append(head, t.bars()...)}
	add := func(lines []string) {
		if len(lines) > 0 {
			parts = append(parts, lines)
		}
	}
	add(append(t.troubles(), t.strip()...))
	add(t.doors(site))
	add(t.table(site))
	return parts
}

// measure is how wide the numbers go: as far as the statistics, so that on a wide screen the eye finds its
// line again.
func (t *Traffic) measure() int { return min(t.width, 100) }

// missing says what there is to wait for, and which step brings it.
func (t *Traffic) missing() [][]string {
	st, x := t.look.Styles, t.look.Text
	sites := t.workshop.Traffic.Sites
	if t.snap.Site < 0 && len(sites) > 0 {
		step, _ := t.workshop.Step(sites[0].From)
		text := x.T("traffic.none", "step", step.Title.In(x.Lang))
		return [][]string{append([]string{""}, wrapped(st.Dim, text, t.width, 1)...)}
	}
	why := ""
	if t.snap.Err != nil {
		why = Clean(t.snap.Err.Error())
	}
	return [][]string{append([]string{""}, wrapped(st.Warn, x.T("traffic.unknown", "why", why), t.width, 1)...)}
}

// mark is the letter of a backend, and its colour: one of them is enough to tell it.
func (t *Traffic) mark(i int) (string, theme.Style) {
	letter := letters[min(i, len(letters)-1)]
	return string(letter), t.look.Styles.Tags[i%len(t.look.Styles.Tags)]
}

const letters = "abcdefghijklmnopqrstuvwxyz+"

// index is a backend's place among all.
func (t *Traffic) index(name string) int {
	for i, s := range t.snap.Shares {
		if s.Name == name {
			return i
		}
	}
	return len(letters) - 1
}

// bars are the shares, one line each.
func (t *Traffic) bars() []string {
	st := t.look.Styles
	answered, name := 0, 6
	for _, s := range t.snap.Shares {
		answered += s.Count
		name = max(name, ansi.StringWidth(t.named(s.Name)))
	}
	name = min(name, max(6, t.width*2/5))
	meter := t.measure() - name - 16
	var lines []string
	for i, s := range t.snap.Shares {
		letter, style := t.mark(i)
		line := " " + style.Render(letter) + " " + t.cell(t.named(s.Name), name) + " "
		if meter >= 4 {
			n := min(meter, (meter*s.Count+answered/2)/answered)
			line += style.Render(strings.Repeat(st.Glyph.Full, n)) + st.GaugeRest.Render(strings.Repeat(st.Glyph.Empty, meter-n)) + " "
		}
		lines = append(lines, line+right(itoa(s.Count), 5)+" "+st.Dim.Render(right(itoa((100*s.Count+answered/2)/answered)+"%", 4)))
	}
	return lines
}

func right(text string, width int) string {
	return strings.Repeat(" ", max(0, width-ansi.StringWidth(text))) + text
}

func (t *Traffic) named(who string) string {
	if who == "" {
		return t.look.Text.T("traffic.unnamed")
	}
	return cloud.Clean(who)
}

// troubles are the ways in which requests failed, the newest first: in red while it is so, as a
// memory when somebody has answered since.
func (t *Traffic) troubles() []string {
	st, x := t.look.Styles, t.look.Text
	var lines []string
	for i := len(t.snap.Troubles) - 1; i >= 0; i-- {
		v := t.snap.Troubles[i]
		text := x.T("traffic.trouble."+string(v.Kind), "detail", cloud.Clean(v.Detail))
		if n := len(t.snap.Recent); n > 0 && t.snap.Recent[n-1].Kind == v.Kind {
			lines = append(lines, " "+st.Error.Render(st.Glyph.Failed+" "+x.T("traffic.times", "n", itoa(v.Count), "what", text)))
			lines = append(lines, wrapped(st.Dim, x.T("traffic.why."+string(v.Kind), "detail", cloud.Clean(v.Detail)), t.width, 3)...)
			continue
		}
		until := v.Last.Local().Format("15:04:05")
		lines = append(lines, " "+st.Dim.Render(st.Glyph.Dot+" "+x.T("traffic.before", "n", itoa(v.Count), "what", text, "time", until)))
	}
	return lines
}

// strip is the last requests: a letter each, the newest at the right, and below the last ones with
// their time, the newest first.
func (t *Traffic) strip() []string {
	st := t.look.Styles
	recent := t.snap.Recent
	if len(recent) == 0 {
		return nil
	}
	row := ""
	for _, a := range recent[max(0, len(recent)-max(0, t.width-2)):] {
		if a.Kind != "" {
			row += st.Error.Render(st.Glyph.Failed)
			continue
		}
		letter, style := t.mark(t.index(a.Who))
		row += style.Render(letter)
	}
	last, width := "", 1
	for i := len(recent) - 1; i >= 0; i-- {
		a := recent[i]
		took := strconv.FormatInt(a.Took.Milliseconds(), 10) + " ms"
		who, style := t.answered(a)
		w := ansi.StringWidth(who) + 1 + len(took)
		if width+w > t.width-1 {
			break
		}
		if last != "" {
			last += "  "
		}
		last += style.Render(who) + " " + st.Dim.Render(took)
		width += w + 2
	}
	return []string{" " + row, " " + last}
}

// answered is who an answer came from, or in a word why none did, and its colour.
func (t *Traffic) answered(a cloud.Answer) (string, theme.Style) {
	st := t.look.Styles
	switch a.Kind {
	case "":
		_, style := t.mark(t.index(a.Who))
		return t.named(a.Who), style
	case cloud.TroubleStatus:
		code, _, _ := strings.Cut(cloud.Clean(a.Detail), " ")
		return code, st.Error
	default:
		return st.Glyph.Failed + " " + t.look.Text.T("traffic.trouble."+string(a.Kind), "detail", cloud.Clean(a.Detail)), st.Error
	}
}

// doors are the addresses for a browser, and how to get one.
func (t *Traffic) doors(site steps.Site) []string {
	st, x := t.look.Styles, t.look.Text
	if t.links.Site == "" {
		return []string{" " + st.Dim.Render(x.T("traffic.link.closed"))}
	}
	label := max(ansi.StringWidth(x.T("traffic.link.site")), ansi.StringWidth(x.T("traffic.link.stats"))) + 1
	row := func(key, url string) string {
		return " " + st.Dim.Render(t.cell(x.T(key), label)) + st.Link(url, st.Accent.Render(url))
	}
	lines := []string{row("traffic.link.site", t.links.Site)}
	if site.Stats != "" && t.links.Stats != "" {
		lines = append(lines, row("traffic.link.stats", t.links.Stats))
	}
	if t.links.SSH == "" {
		return append(lines, wrapped(st.Dim, x.T("traffic.link.here"), t.width, 1)...)
	}
	lines = append(lines, wrapped(st.Dim, x.T("traffic.link.far"), t.width, 1)...)
	return append(lines, wrapped(st.Command, t.links.SSH, t.width, 1)...)
}
