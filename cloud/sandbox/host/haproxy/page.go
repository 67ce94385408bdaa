package haproxy

import (
	"html/template"
	"strings"
	"time"
)

// page is the statistics for browsers: the columns that people look at.
var page = template.Must(template.New("stats").Parse(`<!DOCTYPE html>
<html><head><title>Statistics Report for HAProxy</title><meta charset="utf-8">
<style>
body{font:13px sans-serif;margin:1em} table{border-collapse:collapse;margin:0 0 1em} td,th{border:1px solid #999;padding:2px 8px;text-align:right}
th:first-child,td:first-child{text-align:left} .up{background:#c0ffc0} .down{background:#ff9090} .open{background:#e8e8ff} .none{background:#e0e0e0}
</style></head><body>
<h1>HAProxy</h1><h2>Statistics Report for pid {{.PID}}</h2>
<p>uptime = {{.Uptime}}</p>
{{range .Proxies}}<table><caption>{{.Name}}</caption>
<tr><th>{{.Name}}</th><th>Sessions cur</th><th>Total</th><th>Bytes in</th><th>Bytes out</th><th>Errors</th><th>Status</th><th>LastChk</th><th>Wght</th></tr>
{{range .Rows}}<tr class="{{.Class}}"><td>{{.svname}}</td><td>{{.scur}}</td><td>{{.stot}}</td><td>{{.bin}}</td><td>{{.bout}}</td><td>{{.econ}}</td><td>{{.status}}</td><td>{{.check_status}}</td><td>{{.weight}}</td></tr>
{{end}}</table>
{{end}}</body></html>
`))

// HTML is the statistics page.
func (b *Balancer) HTML() string {
	type proxy struct {
		Name string
		Rows []row
	}
	var data struct {
		PID     int
		Uptime  string
		Proxies []*proxy
	}
	data.PID, data.Uptime = b.pid, time.Since(b.started).Round(time.Second).String()
	for _, r := range b.rows() {
		if n := len(data.Proxies); n == 0 || data.Proxies[n-1].Name != r["pxname"] {
			data.Proxies = append(data.Proxies, &proxy{Name: r["pxname"]})
		}
		r["Class"] = "none"
		for _, c := range []string{"UP", "DOWN", "OPEN"} {
			if strings.HasPrefix(r["status"], c) {
				r["Class"] = strings.ToLower(c)
			}
		}
		p := data.Proxies[len(data.Proxies)-1]
		p.Rows = append(p.Rows, r)
	}
	var out strings.Builder
	if err := page.Execute(&out, data); err != nil {
		return "<html><body>Statistics Report for HAProxy: " + template.HTMLEscapeString(err.Error()) + "</body></html>"
	}
	return out.String()
}
