package tui_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"matou/cloud"
	"matou/steps"
	"matou/tui"
)

// TestMadeIsShown: before a step that takes everything away, the dialog shows what that is.
func TestMadeIsShown(t *testing.T) {
	t.Parallel()
	asks := func(made func() (cloud.Made, error)) change {
		return with(func(o *tui.Options) {
			o.Made = func(ctx context.Context) (cloud.Made, error) {
				select {
				case <-time.After(time.Second):
				case <-ctx.Done():
				}
				return made()
			}
		})
	}
	open := func(f *fixture) {
		f.finish("jump", "list", "boot")
		f.w.Steps[3].Actions[0].Unmakes = true
		f.Wait(10 * time.Second) // the toast goes
		f.Press("3", "4")
		f.Wait(2 * time.Second)
		f.Press("enter")
		f.Sees("On lance l'agent pour de bon", "On demande au cloud")
		f.Wait(2 * time.Second)
	}
	play(t, "all of it", 80, 24, func(f *fixture) {
		open(f)
		f.Sees("Serveur", "puppet-07  22faa254  il y a 3:12", "web-07  1234", "créé à la main", "Adresse flottante", "158.69.78.12",
			"Règle", "TCP 5000, IPv4", "Groupe de sécurité  cats", "Clé", "matou-cats-07")
		f.asked()
		f.Press("o")
		f.asked(steps.Start{Step: "puppet"})
	}, asks(func() (cloud.Made, error) {
		return cloud.Made{
			Servers: []cloud.Server{
				{ID: "22faa254-c04f-4a0e", Name: "puppet-07", Created: time.Now().Add(-192 * time.Second)},
				{ID: "1234", Name: "web-07", Metadata: map[string]string{cloud.MetaAdopted: "2026-11-22T21:00:00Z"}},
			},
			Addresses: []cloud.FloatingIP{{ID: "f1", IP: netip.MustParseAddr("158.69.78.12")}}, Keypairs: []string{"matou-cats-07"},
			Rules: []cloud.Rule{{ID: "r1", PortMin: 5000, Family: 4}}, Groups: []cloud.SecurityGroup{{ID: "g1", Name: "cats"}},
		}, nil
	}))
	play(t, "nothing", 80, 24, func(f *fixture) {
		open(f)
		f.Sees("Cette place n'a rien dans le cloud")
	}, asks(func() (cloud.Made, error) { return cloud.Made{}, nil }))
	play(t, "no answer", 80, 24, func(f *fixture) {
		open(f)
		f.Sees("Impossible de lister", "503")
	}, asks(func() (cloud.Made, error) { return cloud.Made{}, errors.New("503") }))
}
