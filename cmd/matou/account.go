package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"matou/cloud"
	"matou/cloud/lab"
	"matou/cloud/openstack"
	"matou/steps"
	"matou/steps/action"
)

// Where the credentials come from.
const (
	accountEnv     = "environment" // OS_*: a sourced openrc
	accountClouds  = "clouds.yaml"
	accountOpenRC  = "openrc"  // read on the workshop's hop
	accountSandbox = "sandbox" // as openrc, on the sandbox's own hop
	accountLab     = "lab"     // likewise, on a lab's
	accountNone    = "none"    // a workshop that has no sandbox, and nothing names a cloud
)

// account is the cloud that was chosen, and how to log in to it.
type account struct {
	from string
	name string // in clouds.yaml
	poll func(time.Duration) time.Duration
	lab  *lab.Info // of accountLab, once it was found
	// password stands in for a person where there is none: play's MATOU_PASSWORD.
	password string
}

// chooseAccount follows the rule people are told: what the command line says, then OS_CLOUD, then
// OS_AUTH_URL, then the sandbox.
func chooseAccount(o *options, w *steps.Workshop) account {
	switch {
	case o.sandbox || o.cloud == accountSandbox:
		return account{from: accountSandbox}
	case isLab(o.cloud):
		return account{from: accountLab, name: o.cloud}
	case o.cloud == accountOpenRC:
		return account{from: accountOpenRC}
	case o.cloud != "":
		return account{from: accountClouds, name: o.cloud}
	case os.Getenv("OS_CLOUD") != "":
		return account{from: accountClouds, name: os.Getenv("OS_CLOUD")}
	case os.Getenv("OS_AUTH_URL") != "":
		return account{from: accountEnv}
	case w.Sandbox.World == "":
		return account{from: accountNone}
	default:
		return account{from: accountSandbox}
	}
}

// label names the cloud for people and for the seat's folder: progress on one cloud says nothing
// about another.
func (a account) label() string {
	switch a.from {
	case accountClouds, accountLab:
		return a.name
	case accountEnv:
		return "env"
	default:
		return a.from
	}
}

// folder is where progress on this cloud is kept. A lab that was made anew is another cloud.
func (a account) folder() string {
	if a.lab != nil {
		return accountLab + "-" + a.lab.Name + "-" + a.lab.Born
	}
	return a.label()
}

// findLab finds the lab that was asked for, if it is one.
func (a *account) findLab(w *steps.Workshop) error {
	if a.from != accountLab {
		return nil
	}
	place, _ := labOf(a.name)
	info, err := lab.Find(place)
	switch {
	case errors.Is(err, lab.ErrNotRunning):
		return fmt.Errorf("%w: sudo matou lab up", err)
	case err != nil:
		return err
	case info.Workshop != w.Name:
		return usagef("lab %s is for the workshop %s", info.Name, info.Workshop)
	}
	a.lab, a.poll = &info, func(time.Duration) time.Duration { return labPoll }
	return nil
}

// local tells whether the credentials are on this machine, so that we stand where the workshop's
// openrc is sourced.
func (a account) local() bool { return a.from == accountEnv || a.from == accountClouds }

// credentials finds the account without asking anybody.
func (a account) credentials(ctx context.Context, openrc func(context.Context) ([]byte, string, error)) (openstack.Credentials, error) {
	switch a.from {
	case accountEnv:
		return openstack.FromEnv(os.Getenv)
	case accountClouds:
		return openstack.FromCloudsYAML(a.name)
	case accountNone:
		return openstack.Credentials{}, fmt.Errorf("no cloud is named, and this workshop has no sandbox: %w", cloud.ErrNoAccount)
	}
	data, source, err := openrc(ctx)
	if err != nil {
		return openstack.Credentials{}, err
	}
	c, err := openstack.ParseOpenRC(bytes.NewReader(data))
	c.Source = source
	return c, err
}

// passwordTries is how often a refused password is asked for again.
const passwordTries = 3

// login is the actions' way into the cloud.
func (a account) login(ctx context.Context, out steps.Output, openrc func(context.Context) ([]byte, string, error), dial action.Dial) (action.Compute, error) {
	c, err := a.credentials(ctx, openrc)
	if err != nil {
		return nil, err
	}
	o := openstack.Options{UserAgent: "matou/" + version(), Poll: a.poll, Dial: dial}
	if c.NeedsPassword() {
		return a.loginAsking(ctx, out, c, o)
	}
	for _, secret := range []string{c.Password, c.ApplicationSecret, c.Token} {
		out.Secret(secret)
	}
	return connect(ctx, out, c, o)
}

func (a account) loginAsking(ctx context.Context, out steps.Output, c openstack.Credentials, o openstack.Options) (action.Compute, error) {
	for attempt := 1; ; attempt++ {
		password := a.password
		if password == "" {
			answer, err := out.Ask(ctx, steps.Question{Kind: steps.AskPassword, Subject: c.String(), Attempt: attempt})
			if err != nil {
				return nil, err
			}
			if answer.Nobody {
				return nil, nobody(steps.Question{Kind: steps.AskPassword, Subject: c.String(), Attempt: attempt})
			}
			if !answer.OK {
				return nil, steps.Fail(steps.FailCanceled, "cause.declined", "{subject}: no answer was given", "subject", c)
			}
			password = answer.Text
		}
		out.Secret(password)
		client, err := connect(ctx, out, c.WithPassword(password), o)
		if err == nil || !errors.Is(err, cloud.ErrAuth) || a.password != "" || attempt == passwordTries {
			return client, err
		}
	}
}

func connect(ctx context.Context, out steps.Output, c openstack.Credentials, o openstack.Options) (action.Compute, error) {
	client, err := openstack.Login(ctx, c, o)
	if err != nil {
		return nil, cloud.During("log in with "+c.Source, err, "cause.log-in-with", "source", c.Source)
	}
	out.Secret(client.Token())
	return client, nil
}
