package traffic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"matou/cloud"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// balancer is a site in a bubble: four servers in turn behind pipes, and what goes wrong when a test
// says so. It counts what it is asked.
type balancer struct {
	mu     sync.Mutex
	next   int
	asked  int
	fail   error  // of the dial
	answer string // in place of a page
	csv    string
	reads  int
}

func (b *balancer) set(change func(*balancer)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

func (b *balancer) counts() (asked, reads int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked, b.reads
}

// Dial answers one request on a pipe.
func (b *balancer) Dial(_ context.Context, _, address string) (net.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	stats := strings.HasSuffix(address, ":9090")
	if stats {
		b.reads++
	} else {
		b.asked++
	}
	if b.fail != nil {
		return nil, b.fail
	}
	name, answer := "web-"+string(rune('a'+b.next%4)), b.answer
	if stats {
		answer = page(b.csv, "")
	} else if b.next++; answer == "" {
		answer = page("Bonjour de "+name+"\n", "X-Served-By: "+name+"\r\n")
	}
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		head := make([]byte, 4096)
		if _, err := far.Read(head); err == nil && answer != "silence" {
			io.WriteString(far, answer)
		} else if err == nil {
			io.Copy(io.Discard, far)
		}
	}()
	return near, nil
}

func page(body, head string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%s", len(body), head, body)
}

const statistics = "# pxname,svname,status,type,\nweb,web-a,UP,2,\n"

func (b *balancer) site() Site {
	return Site{URL: "http://lb:80/", Header: "X-Served-By", Stats: "http://lb:9090/", Dial: b.Dial}
}

// watching runs a watcher in a bubble.
func watching(t *testing.T, o Options, play func(t *testing.T, w *Watcher)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := New(o)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); w.Run(ctx) }()
		play(t, w)
		cancel()
		<-done
	})
}

func now(w *Watcher) cloud.Traffic {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now.Traffic
}

func TestRates(t *testing.T) {
	t.Parallel()
	b := &balancer{csv: statistics}
	watching(t, Options{Site: func() (Site, error) { return b.site(), nil }}, func(t *testing.T, w *Watcher) {
		time.Sleep(time.Minute)
		if asked, reads := b.counts(); asked != 0 || reads != 0 {
			t.Errorf("%d requests and %d looks while nobody looks", asked, reads)
		}
		w.Want(true)
		time.Sleep(10*time.Second - time.Millisecond)
		if asked, reads := b.counts(); asked != 20 || reads != 5 {
			t.Errorf("%d requests and %d looks in 10 s", asked, reads)
		}
		got := now(w)
		if len(got.Shares) != 4 || got.Shares[0] != (cloud.Share{Name: "web-a", Count: 5, Last: got.Shares[0].Last}) || got.Asked != 20 || got.Rate != 2 {
			t.Errorf("%+v", got)
		}
		if len(got.Stats) != 1 || got.StatsErr != nil {
			t.Errorf("statistics %v, %v", got.Stats, got.StatsErr)
		}
		for range 100 { // looking away and back asks no faster
			w.Want(false)
			w.Want(true)
			synctest.Wait()
		}
		if asked, _ := b.counts(); asked != 20 {
			t.Errorf("%d requests", asked)
		}
		w.Want(false)
		time.Sleep(time.Hour)
		if asked, reads := b.counts(); asked > 20 || reads > 5 {
			t.Errorf("%d requests and %d looks after nobody looked any more", asked, reads)
		}
	})
}

func TestTroubles(t *testing.T) {
	t.Parallel()
	type trouble struct {
		kind   cloud.TroubleKind
		detail string
		count  int
	}
	for _, c := range []struct {
		name   string
		fail   error
		answer string
		want   trouble // after half a minute
	}{
		{"refused", errors.New("web: connect failed: Connection refused"), "", trouble{cloud.TroubleRefused, "", 16}},
		{"no route", errors.New("dial: no route to host"), "", trouble{cloud.TroubleOther, "dial: no route to host", 16}},
		{"no way there", fmt.Errorf("%w: %w", ErrWay, errors.New("the \x1b[31mline dropped")), "", trouble{cloud.TroubleWay, "the [31mline dropped", 4}},
		{"silence", nil, "silence", trouble{cloud.TroubleTimeout, "", 5}},
		{"closed", nil, "\x00", trouble{cloud.TroubleOther, "", 16}},
		{"no server", nil, "HTTP/1.0 503 Service Unavailable\r\n\r\n", trouble{cloud.TroubleStatus, "503 Service Unavailable", 16}},
	} {
		b := &balancer{fail: c.fail, answer: c.answer, csv: statistics}
		watching(t, Options{Site: func() (Site, error) { return b.site(), nil }}, func(t *testing.T, w *Watcher) {
			w.Want(true)
			time.Sleep(30*time.Second - time.Millisecond)
			v := now(w)
			if len(v.Troubles) != 1 || len(v.Shares) != 0 {
				t.Fatalf("%s: %+v", c.name, v)
			}
			got := trouble{v.Troubles[0].Kind, v.Troubles[0].Detail, v.Troubles[0].Count}
			if c.want.detail == "" && c.want.kind == cloud.TroubleOther {
				got.detail = ""
			}
			if got != c.want {
				t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
			}
			b.set(func(b *balancer) { b.fail, b.answer = nil, "" })
			time.Sleep(30 * time.Second)
			if v := now(w); len(v.Shares) != 4 || v.Troubles[0].Count > c.want.count+2 {
				t.Errorf("%s: it does not come back: %+v", c.name, v)
			}
		})
	}
}

func TestSites(t *testing.T) {
	t.Parallel()
	b := &balancer{csv: statistics}
	none := errors.New("nothing yet")
	var at atomic.Int32
	watching(t, Options{Site: func() (Site, error) {
		site := b.site()
		if at.Load() < 0 {
			return site, none
		}
		site.Number = int(at.Load())
		return site, nil
	}}, func(t *testing.T, w *Watcher) {
		at.Store(-1)
		w.Want(true)
		got, err := w.Next(t.Context(), 0)
		if err != nil || got.Site != -1 || !errors.Is(got.Err, none) {
			t.Fatalf("%+v, %v", got, err)
		}
		time.Sleep(10 * time.Second)
		if v := now(w); v.Version != got.Version {
			t.Errorf("nothing is news %d times", v.Version-got.Version)
		}
		at.Store(0)
		time.Sleep(5 * time.Second)
		if v := now(w); v.Site != 0 || v.Asked < 9 || v.Err != nil {
			t.Errorf("%+v", v)
		}
		at.Store(1)
		time.Sleep(time.Second)
		if v := now(w); v.Site != 1 || v.Asked > 3 {
			t.Errorf("another site goes on with the count: %+v", v)
		}
		time.Sleep(10 * time.Second)
		w.Reset()
		if v := now(w); v.Asked != 0 || v.Shares != nil || v.Recent != nil || v.Stats == nil || v.Site != 1 {
			t.Errorf("%+v", v)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		w.Want(false)
		if _, err := w.Next(ctx, now(w).Version+5); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

// However many names there are, and however long, what is kept stays small.
func TestBounded(t *testing.T) {
	t.Parallel()
	var v tally
	total := 0
	for i := range 10_000 {
		who := clip(fmt.Sprintf("web-%d", i) + strings.Repeat("é", 1000))
		kind, detail := cloud.TroubleKind(""), ""
		if i%5 == 0 {
			kind, detail = cloud.TroubleOther, clip(strings.Repeat("x", i))
		}
		v.add(cloud.Answer{At: time.Unix(int64(i), 0), Who: who, Kind: kind, Detail: detail})
	}
	for _, s := range v.Shares {
		total += s.Count
		if len([]rune(s.Name)) > maxField {
			t.Errorf("a name of %d characters", len([]rune(s.Name)))
		}
	}
	if len(v.Shares) > maxShares || len(v.Recent) != maxRecent || len(v.Troubles) != 1 || v.Troubles[0].Count != 2000 || total != 8000 || v.Asked != 10_000 {
		t.Errorf("%d shares of %d, %d recent, %+v", len(v.Shares), total, len(v.Recent), v.Troubles)
	}
}

// A snapshot that was handed out stays as it is.
func TestSnapshotsAreStill(t *testing.T) {
	t.Parallel()
	var v tally
	for i := range 200 {
		before := v.Traffic
		shares, recent := append([]cloud.Share(nil), before.Shares...), append([]cloud.Answer(nil), before.Recent...)
		v.add(cloud.Answer{At: time.Unix(int64(i), 0), Who: string(rune('a' + i*7%26))})
		if !reflect.DeepEqual(shares, append([]cloud.Share(nil), before.Shares...)) || !reflect.DeepEqual(recent, append([]cloud.Answer(nil), before.Recent...)) {
			t.Fatalf("answer %d has changed a snapshot", i)
		}
	}
}

// A real server on loopback: what names it, what it redirects to, how much of it is read.
func TestOnce(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "Bonjour de web-07") })
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) })
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Served-By", "tap")
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/empty", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	server := &http.Server{Handler: mux, ConnState: func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}}
	served := make(chan struct{})
	go func() { defer close(served); server.Serve(ln) }()
	defer func() { server.Close(); <-served }()
	base := "http://" + ln.Addr().String()
	match := regexp.MustCompile(`Bonjour de ([a-z0-9-]+)`)
	got := Once(t.Context(), Site{URL: base + "/", Match: match, Stats: base + "/"}, 5)
	if len(got.Shares) != 1 || got.Shares[0].Name != "web-07" || got.Shares[0].Count != 5 || !errors.Is(got.StatsErr, ErrNotStats) {
		t.Errorf("%+v", got)
	}
	if n := conns.Load(); n != 6 {
		t.Errorf("%d connections: a load balancer chooses once for each", n)
	}
	for path, want := range map[string]cloud.Answer{
		"/away":    {Kind: cloud.TroubleStatus, Detail: "302 Found"},
		"/endless": {Who: "tap"},
		"/empty":   {Kind: cloud.TroubleEmpty},
		"/none":    {Who: "web-07"},
	} {
		a := Site{URL: base + path, Header: "X-Served-By", Match: match}.ask(t.Context())
		a.At, a.Took = time.Time{}, 0
		if a != want {
			t.Errorf("%s: %+v, want %+v", path, a, want)
		}
	}
	if a := (Site{URL: base + "/"}).ask(t.Context()); a.Who != "" || a.Kind != "" {
		t.Errorf("an answer that names nobody: %+v", a)
	}
	if a := (Site{URL: "http://[::"}).ask(t.Context()); a.Kind != cloud.TroubleOther {
		t.Errorf("a URL that is none: %+v", a)
	}
}

// TestWake has a site come up that has been left alone for longer and longer.
func TestWake(t *testing.T) {
	t.Parallel()
	b := &balancer{csv: statistics, fail: syscall.ECONNREFUSED}
	watching(t, Options{Site: func() (Site, error) { return b.site(), nil }}, func(t *testing.T, w *Watcher) {
		w.Want(true)
		time.Sleep(10*time.Minute + 250*time.Millisecond) // not in the moment in which it looks
		asked, _ := b.counts()
		b.set(func(b *balancer) { b.fail = nil })
		w.Wake()
		w.Wake()
		time.Sleep(400 * time.Millisecond)
		if got, _ := b.counts(); got < asked+1 || got > asked+2 {
			t.Errorf("%d requests in half a second", got-asked)
		}
		if got := now(w); len(got.Shares) == 0 || len(got.Stats) != 1 {
			t.Errorf("%+v", got)
		}
		asked, reads := b.counts()
		for range 50 { // to wake what is awake asks no faster
			w.Wake()
			time.Sleep(100 * time.Millisecond)
		}
		if got, looks := b.counts(); got-asked > 11 || looks-reads > 11 {
			t.Errorf("%d requests and %d looks in 5 s", got-asked, looks-reads)
		}
	})
}

// TestBeside has two look at the same servers, which take turns: neither sees only half of them.
func TestBeside(t *testing.T) {
	t.Parallel()
	b := &balancer{csv: statistics}
	o := Options{Site: func() (Site, error) { return b.site(), nil }}
	watching(t, o, func(t *testing.T, first *Watcher) {
		o.Beside = true
		second := New(o)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); second.Run(ctx) }()
		first.Want(true)
		second.Want(true)
		time.Sleep(time.Hour)
		for i, w := range []*Watcher{first, second} {
			got := now(w)
			if len(got.Shares) != 4 {
				t.Fatalf("console %d sees %v", i+1, got.Shares)
			}
			for _, s := range got.Shares {
				if share := float64(s.Count) / float64(got.Asked); share < 0.2 || share > 0.3 {
					t.Errorf("console %d: %s has %.2f of the answers", i+1, s.Name, share)
				}
			}
		}
		cancel()
		<-done
	})
}
