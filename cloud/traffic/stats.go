package traffic

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"matou/cloud"
)

// Bounds of what is read of statistics: a page of a workshop has a dozen rows.
const (
	maxStats = 1 << 20 // bytes
	maxRows  = 256
	maxField = 80 // characters of a field that are kept
)

// ErrNotStats is what is answered by something else than HAProxy's statistics page.
var ErrNotStats = errors.New("not the statistics of haproxy")

// ParseStats reads HAProxy's statistics as its page gives them with ";csv" behind its address: CSV as
// of RFC 4180, whose first line begins with "# " and names the fields (HAProxy management guide,
// section 9.1). Fields are found by name, so that those a version adds or lacks do no harm. The rows
// come in HAProxy's order, at most 256 of them.
func ParseStats(r io.Reader) ([]cloud.ProxyRow, error) {
	in := csv.NewReader(io.LimitReader(r, maxStats))
	in.FieldsPerRecord = -1
	in.ReuseRecord = true
	head, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotStats, err)
	}
	index := map[string]int{}
	for i, name := range head {
		name = strings.TrimPrefix(name, "# ")
		if _, twice := index[name]; !twice {
			index[name] = i
		}
	}
	for _, name := range []string{"pxname", "svname", "status", "type"} {
		if _, ok := index[name]; !ok || !strings.HasPrefix(head[0], "# ") {
			return nil, fmt.Errorf("%w: no field %q in the first line", ErrNotStats, name)
		}
	}
	var rows []cloud.ProxyRow
	for len(rows) < maxRows {
		rec, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read the statistics of haproxy: %w", err)
		}
		rows = append(rows, record{rec, index}.row())
	}
	return rows, nil
}

// record is one line, by the names of its fields.
type record struct {
	values []string
	index  map[string]int
}

// text is a field, safe for a terminal; empty when there is none.
func (r record) text(name string) string {
	i, ok := r.index[name]
	if !ok || i >= len(r.values) {
		return ""
	}
	return clip(r.values[i])
}

// clip makes a text from outside safe and short.
func clip(s string) string {
	if len(s) > 4*maxField {
		s = s[:4*maxField]
	}
	s = strings.TrimSpace(cloud.Clean(s))
	if runes := []rune(s); len(runes) > maxField {
		s = string(runes[:maxField])
	}
	return s
}

// number is a field; 0 when it is empty, as those are that mean nothing for a row.
func (r record) number(name string) int64 {
	n, err := strconv.ParseInt(r.text(name), 10, 64)
	if err != nil {
		return 0
	}
	return max(0, n)
}

// span is a field that counts units of time. A hundred years is more than any program has run.
func (r record) span(name string, unit time.Duration) time.Duration {
	const most = 100 * 365 * 24 * time.Hour
	return time.Duration(min(r.number(name), int64(most/unit))) * unit
}

func (r record) row() cloud.ProxyRow {
	row := cloud.ProxyRow{
		Proxy: r.text("pxname"), Name: r.text("svname"), Kind: cloud.ProxyKind(min(r.number("type"), int64(cloud.ProxyListener))),
		Status: r.text("status"), Fails: r.number("chkfail"), Weight: r.number("weight"),
		Current: r.number("scur"), Total: r.number("stot"), In: r.number("bin"), Out: r.number("bout"),
		Downtime: r.span("downtime", time.Second), Since: r.span("lastchg", time.Second), Active: r.number("act"), Spare: r.number("bck"),
	}
	if check := r.text("check_status"); check != "" {
		row.Check = strings.TrimPrefix(check, "* ") // a check is under way: this is how the one before ended
		if code := r.text("check_code"); code != "" && code != "0" {
			row.Check += "/" + code
		}
		row.CheckTook = r.span("check_duration", time.Millisecond)
		row.CheckSays = r.text("last_chk")
		if row.CheckSays == "" {
			row.CheckSays = r.text("check_desc")
		}
	}
	return row
}
