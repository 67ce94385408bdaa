package traffic

import (
	"slices"
	"strings"
	"time"

	"matou/cloud"
)

// Bounds of what is kept: memory must not grow with the answers, nor with the names in them.
const (
	maxShares = 32
	maxRecent = 120
)

// rateOver is how many of the last requests the rate is taken of.
const rateOver = 20

// tally counts answers. Its value is a snapshot whose slices nobody changes any more.
type tally struct{ cloud.Traffic }

// add counts one answer.
func (t *tally) add(a cloud.Answer) {
	t.Asked++
	recent := t.Recent[max(0, len(t.Recent)-maxRecent+1):]
	t.Recent = append(slices.Clip(slices.Clone(recent)), a)
	t.Rate = rate(t.Recent)
	if a.Kind != "" {
		t.fail(a)
		return
	}
	t.Shares = slices.Clone(t.Shares)
	i, found := slices.BinarySearchFunc(t.Shares, a.Who, func(s cloud.Share, who string) int { return strings.Compare(s.Name, who) })
	if !found && len(t.Shares) >= maxShares-1 && a.Who != "" { // the rest is counted together
		a.Who = ""
		i, found = slices.BinarySearchFunc(t.Shares, "", func(s cloud.Share, who string) int { return strings.Compare(s.Name, who) })
	}
	if !found {
		t.Shares = slices.Insert(t.Shares, i, cloud.Share{Name: a.Who})
	}
	t.Shares[i].Count++
	t.Shares[i].Last = a.At
}

// fail counts one that was not answered.
func (t *tally) fail(a cloud.Answer) {
	count := 1
	var rest []cloud.Trouble
	for _, old := range t.Troubles {
		if old.Kind == a.Kind {
			count += old.Count
		} else {
			rest = append(rest, old)
		}
	}
	t.Troubles = append(rest, cloud.Trouble{Kind: a.Kind, Detail: a.Detail, Count: count, Last: a.At})
}

// rate is how many requests a second there were of late.
func rate(recent []cloud.Answer) float64 {
	recent = recent[max(0, len(recent)-rateOver):]
	if len(recent) < 2 {
		return 0
	}
	took := recent[len(recent)-1].At.Sub(recent[0].At)
	if took < time.Millisecond {
		return 0
	}
	return float64(len(recent)-1) / took.Seconds()
}
