package remote

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"matou/cloud"
	"matou/cloud/traffic"
)

// TestTraffic asks a real site behind a real SSH server who answers, and goes there through a local port,
// as a browser does.
func TestTraffic(t *testing.T) {
	t.Parallel()
	var next atomic.Int32
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		name := fmt.Sprintf("web-%d", next.Add(1)%4)
		w.Header().Set("X-Served-By", name)
		fmt.Fprintf(w, "Bonjour de %s\n", name)
	}))
	defer site.Close()
	s := newServer(t)
	c := newClient(t)
	conn := connect(t, c, s.hop())

	got := traffic.Once(t.Context(), traffic.Site{URL: site.URL + "/", Header: "X-Served-By", Dial: conn.DialContext}, 12)
	if len(got.Shares) != 4 || len(got.Troubles) != 0 {
		t.Errorf("%+v", got)
	}
	for _, share := range got.Shares {
		if share.Count != 3 {
			t.Errorf("%s: %d of 12", share.Name, share.Count)
		}
	}
	empty, err := net.Listen("tcp", "127.0.0.1:0") // what haproxy in TCP mode does with no server up
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		for {
			conn, err := empty.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	for address, want := range map[string]cloud.TroubleKind{"127.0.0.1:1": cloud.TroubleRefused, empty.Addr().String(): cloud.TroubleEmpty} {
		got := traffic.Once(t.Context(), traffic.Site{URL: "http://" + address + "/", Dial: conn.DialContext}, 2)
		if len(got.Troubles) != 1 || got.Troubles[0].Kind != want || got.Troubles[0].Count != 2 {
			t.Errorf("%s: %+v, want %s", address, got, want)
		}
	}
	empty.Close()
	<-closed

	f, err := Forward(t.Context(), "", site.Listener.Addr().String(), conn.DialContext)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	resp, err := client.Get("http://" + f.Addr().String() + "/")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.Header.Get("X-Served-By") == "" || string(body) != "Bonjour de "+resp.Header.Get("X-Served-By")+"\n" {
		t.Errorf("%q, %v", body, err)
	}
	if _, err := Forward(t.Context(), f.Addr().String(), "x:80", conn.DialContext); err == nil {
		t.Error("two on one port")
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := client.Get("http://" + f.Addr().String() + "/"); err == nil {
		t.Error("still listening")
	}
}
