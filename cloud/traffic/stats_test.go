package traffic

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"matou/cloud"
)

// What haproxy 2.6.12 of Debian 12 answers: one server on its way up, one that refuses, one in
// maintenance and one that is not checked.
func TestParseStats(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/haproxy-2.6.csv")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := ParseStats(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	type brief struct {
		proxy, name, status string
		kind                cloud.ProxyKind
		health              cloud.ProxyHealth
		check, says         string
		total, in, out      int64
		down                time.Duration
	}
	var got []brief
	for _, r := range rows {
		got = append(got, brief{r.Proxy, r.Name, r.Status, r.Kind, r.Health(), r.Check, r.CheckSays, r.Total, r.In, r.Out, r.Downtime})
	}
	want := []brief{
		{"stats", "FRONTEND", "OPEN", cloud.ProxyFrontend, cloud.ProxyUp, "", "", 1, 0, 0, 0},
		{"stats", "BACKEND", "UP", cloud.ProxyBackend, cloud.ProxyUp, "", "", 0, 0, 0, 0},
		{"web", "FRONTEND", "OPEN", cloud.ProxyFrontend, cloud.ProxyUp, "", "", 3, 237, 3462, 0},
		{"web", "web-07", "DOWN 1/2", cloud.ProxyServer, cloud.ProxyChanging, "L4OK", "Layer4 check passed", 0, 0, 0, 4 * time.Second},
		{"web", "web-07-1", "DOWN", cloud.ProxyServer, cloud.ProxyDown, "L4CON", "Connection refused", 0, 0, 0, 3 * time.Second},
		{"web", "web-07-2", "MAINT", cloud.ProxyServer, cloud.ProxyOut, "", "", 0, 0, 0, 4 * time.Second},
		{"web", "web-07-3", "no check", cloud.ProxyServer, cloud.ProxyUnknown, "", "", 3, 237, 3462, 0},
		{"web", "BACKEND", "UP", cloud.ProxyBackend, cloud.ProxyUp, "", "", 3, 237, 3462, 0},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

func TestParseStatsOdd(t *testing.T) {
	t.Parallel()
	const head = "# pxname,svname,scur,stot,status,type,check_status,check_code,check_duration,last_chk,downtime,\n"
	for _, c := range []struct{ name, in, status, check string }{
		{"an HTTP check, quoted", head + `web,"we""b,1",1,2,UP 2/3,2,L7STS,503,12,"Service ""is"" out, it says",5,` + "\n", "UP 2/3", "L7STS/503"},
		{"a check under way", head + "web,a,1,2,UP,2,* L4OK,,0,,0,\n", "UP", "L4OK"},
		{"a short line", head + "web,a\n", "", ""},
		{"numbers that are none", head + "web,a,x,-5,DOWN,99999999999999999999,,,,,99999999999999,\n", "DOWN", ""},
		{"control characters", head + "web,a\x1b[31m\x07,1,2,\x1b]0;t\x07UP,2,,,,,,\n", "]0;tUP", ""},
	} {
		rows, err := ParseStats(strings.NewReader(c.in))
		if err != nil || len(rows) != 1 || rows[0].Status != c.status || rows[0].Check != c.check {
			t.Errorf("%s: %+v, %v", c.name, rows, err)
		}
	}
	for _, in := range []string{"", "<html>", "pxname,svname,status,type\n", "# pxname,svname\n"} {
		if _, err := ParseStats(strings.NewReader(in)); !errors.Is(err, ErrNotStats) {
			t.Errorf("%q: %v", in, err)
		}
	}
	rows, err := ParseStats(strings.NewReader(head + strings.Repeat("web,a,1,2,UP,2,,,,,,\n", 10_000)))
	if err != nil || len(rows) != maxRows {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]cloud.ProxyHealth{
		"UP": cloud.ProxyUp, "OPEN": cloud.ProxyUp, "UP 1/3": cloud.ProxyChanging, "DOWN 1/2": cloud.ProxyChanging, "DOWN": cloud.ProxyDown,
		"DOWN (agent)": cloud.ProxyDown, "MAINT (via web/a)": cloud.ProxyOut, "MAINT(DNS)": cloud.ProxyOut, "DRAIN": cloud.ProxyOut, "NOLB": cloud.ProxyOut,
		"STOP": cloud.ProxyDown, "no check": cloud.ProxyUnknown, "": cloud.ProxyUnknown,
	} {
		if got := (cloud.ProxyRow{Status: status}).Health(); got != want {
			t.Errorf("%q: %v, want %v", status, got, want)
		}
	}
}

func FuzzParseStats(f *testing.F) {
	data, err := os.ReadFile("testdata/haproxy-2.6.csv")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("# pxname,svname,status,type\n\"a\nb\",c,UP 1/,7\n"))
	f.Add([]byte("# pxname,pxname,svname,status,type\n\x1b[2J,\xff,\"\"\"\",UP,-1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := ParseStats(bytes.NewReader(data))
		if err != nil && rows != nil || len(rows) > maxRows {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		for _, r := range rows {
			for _, text := range []string{r.Proxy, r.Name, r.Status, r.Check, r.CheckSays} {
				if !utf8.ValidString(text) || cloud.Clean(text) != text || utf8.RuneCountInString(text) > 2*maxField+1 {
					t.Errorf("%q", text)
				}
			}
			for _, n := range []int64{r.Current, r.Total, r.In, r.Out, r.Fails, r.Weight, int64(r.Downtime), int64(r.Since), int64(r.CheckTook), int64(r.Kind)} {
				if n < 0 {
					t.Errorf("%+v", r)
				}
			}
			r.Health()
		}
	})
}
