package haproxy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// maxHead bounds a request's head, as tune.bufsize does, in bytes.
const maxHead = 16 << 10

// serveHTTP is a section in HTTP mode: the statistics page, or requests passed on one by one.
func (b *Balancer) serveHTTP(ctx context.Context, f *front, c net.Conn) {
	in := bufio.NewReaderSize(c, maxHead)
	for ctx.Err() == nil {
		_ = c.SetReadDeadline(time.Now().Add(orDefault(f.proxy.Client, time.Minute)))
		req, err := http.ReadRequest(in)
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !isNetError(err) {
				b.answer(c, http.StatusBadRequest, "text/html", "<html><body><h1>400 Bad request</h1>\nYour browser sent an invalid request.\n</body></html>\n", false)
			}
			return
		}
		k := b.backend(f.proxy)
		stats := f.proxy.Stats
		if stats == "" && k != nil {
			stats = k.proxy.Stats
		}
		keep := !req.Close
		if stats != "" && strings.HasPrefix(req.RequestURI, stats) {
			b.answerStats(c, req, stats, keep)
		} else if !b.pass(ctx, f, k, c, req, keep) {
			return
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(req.Body, 1<<20))
		req.Body.Close()
		if !keep {
			return
		}
	}
}

func isNetError(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) || errors.Is(err, net.ErrClosed)
}

func (b *Balancer) answer(w io.Writer, code int, kind, body string, keep bool) {
	end := "Connection: close\r\n"
	if keep {
		end = ""
	}
	_, _ = fmt.Fprintf(w, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\nCache-Control: no-cache\r\nContent-Type: %s\r\n%s\r\n%s",
		code, http.StatusText(code), len(body), kind, end, body) // a client that went away
}

func (b *Balancer) answerStats(c net.Conn, req *http.Request, uri string, keep bool) {
	rest := strings.TrimPrefix(req.RequestURI, uri)
	if strings.Contains(rest, ";csv") || strings.Contains(req.RequestURI, ";csv") {
		b.answer(c, http.StatusOK, "text/plain", b.CSV(), keep)
		return
	}
	b.answer(c, http.StatusOK, "text/html", b.HTML(), keep)
}

const unavailable = "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n"

// pass sends one request to a server and its answer back. It tells whether the connection can go on.
func (b *Balancer) pass(ctx context.Context, f *front, k *back, c net.Conn, req *http.Request, keep bool) bool {
	if k == nil {
		b.answer(c, http.StatusServiceUnavailable, "text/html", unavailable, keep)
		return true
	}
	s, conn := b.connect(ctx, k, c.RemoteAddr())
	if s == nil {
		k.failures.Add(1)
		b.answer(c, http.StatusServiceUnavailable, "text/html", unavailable, keep)
		return true
	}
	defer conn.Close()
	defer s.current.Add(-1)
	defer k.current.Add(-1)
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	_ = conn.SetDeadline(time.Now().Add(orDefault(k.proxy.Backend, time.Minute)))
	req.Close = true
	bad := func() bool {
		b.answer(c, http.StatusBadGateway, "text/html", "<html><body><h1>502 Bad Gateway</h1>\nThe server returned an invalid or incomplete response.\n</body></html>\n", false)
		return false
	}
	if err := req.Write(conn); err != nil {
		return bad()
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		return bad()
	}
	defer resp.Body.Close()
	resp.Close = !keep
	resp.Header.Del("Connection")
	count := &counter{w: c}
	err = resp.Write(count)
	for _, n := range []*atomic.Int64{&f.out, &k.out, &s.out} {
		n.Add(count.n)
	}
	return err == nil && keep
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// columns are the fields of haproxy's CSV statistics, in order (management guide, section 9.1).
const columns = "pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,bck," +
	"chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,rate_lim,rate_max,check_status,check_code," +
	"check_duration,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,hanafail,req_rate,req_rate_max,req_tot,cli_abrt,srv_abrt," +
	"comp_in,comp_out,comp_byp,comp_rsp,lastsess,last_chk,last_agt,qtime,ctime,rtime,ttime,agent_status,agent_code,agent_duration," +
	"check_desc,agent_desc,check_rise,check_fall,check_health,agent_rise,agent_fall,agent_health,addr,cookie,mode,algo,conn_rate," +
	"conn_rate_max,conn_tot,intercepted,dcon,dses,wrew,connect,reuse,cache_lookups,cache_hits,srv_icur,src_ilim,qtime_max,ctime_max," +
	"rtime_max,ttime_max,eint,idle_conn_cur,safe_conn_cur,used_conn_cur,need_conn_est,uweight,agg_server_status,agg_server_check_status,agg_check_status,-"

var columnNames = strings.Split(columns, ",")

// row is one line of the statistics, by column.
type row map[string]string

// CSV is the statistics as "GET /;csv" gives them.
func (b *Balancer) CSV() string {
	var out bytes.Buffer
	out.WriteString("# " + columns + ",\n")
	for _, r := range b.rows() {
		for _, name := range columnNames {
			out.WriteString(r[name] + ",")
		}
		out.WriteByte('\n')
	}
	return out.String()
}

func (b *Balancer) rows() []row {
	var list []row
	for i, p := range b.config.Proxies {
		id := fmt.Sprint(i + 2)
		base := func(name, kind string) row {
			return row{"pxname": p.Name, "svname": name, "pid": "1", "iid": id, "type": kind, "mode": p.Mode, "dreq": "0", "dresp": "0"}
		}
		for _, f := range b.fronts {
			if f.proxy == p {
				r := base("FRONTEND", "0")
				r.add(map[string]int64{"scur": f.current.Load(), "stot": f.total.Load(), "bin": f.in.Load(), "bout": f.out.Load(), "slim": 2000})
				r["status"] = "OPEN"
				list = append(list, r)
			}
		}
		k := b.backs[p]
		if k == nil {
			continue
		}
		up, act := 0, 0
		for j, s := range k.servers {
			r := base(s.Name, "2")
			r["sid"] = fmt.Sprint(j + 1)
			s.describe(r)
			if r["status"] == "UP" || r["status"] == "no check" {
				up++
				act += s.Weight
			}
			list = append(list, r)
		}
		r := base("BACKEND", "1")
		r["status"] = map[bool]string{true: "UP", false: "DOWN"}[up > 0 || len(k.servers) == 0]
		r["algo"] = p.Balance
		r.add(map[string]int64{
			"scur": k.current.Load(), "stot": k.total.Load() + k.failures.Load(), "bin": k.in.Load(), "bout": k.out.Load(),
			"econ": k.failures.Load(), "act": int64(up), "bck": 0, "weight": int64(act), "lastchg": int64(time.Since(b.started).Seconds()),
		})
		list = append(list, r)
	}
	return list
}

func (r row) add(values map[string]int64) {
	for k, v := range values {
		r[k] = fmt.Sprint(v)
	}
}

func (s *target) describe(r row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r["addr"] = s.Address
	switch {
	case s.Disabled:
		r["status"] = "MAINT"
	case !s.Check:
		r["status"] = "no check"
	case s.up && s.streak > 0:
		r["status"] = fmt.Sprintf("UP %d/%d", s.Fall-s.streak, s.Fall)
	case s.up:
		r["status"] = "UP"
	case s.streak > 0:
		r["status"] = fmt.Sprintf("DOWN %d/%d", s.streak, s.Rise)
	default:
		r["status"] = "DOWN"
	}
	active, backup := int64(1), int64(0)
	if s.Backup {
		active, backup = 0, 1
	}
	r.add(map[string]int64{
		"scur": s.current.Load(), "stot": s.total.Load(), "bin": s.in.Load(), "bout": s.out.Load(), "econ": s.failures.Load(),
		"weight": int64(s.Weight), "act": active, "bck": backup, "lbtot": s.total.Load(), "lastchg": int64(time.Since(s.since).Seconds()),
	})
	if s.Check && s.checked {
		r["check_status"], r["last_chk"], r["check_desc"] = s.detail, s.says, map[string]string{
			"L4OK": "Layer4 check passed", "L4CON": "Layer4 connection problem", "L4TOUT": "Layer4 timeout",
		}[s.detail]
		down := s.down
		if !s.up {
			down += time.Since(s.since)
		}
		r.add(map[string]int64{
			"chkfail": int64(s.fails), "chkdown": int64(s.downs), "check_duration": s.took.Milliseconds(), "downtime": int64(down.Seconds()),
		})
	}
}
