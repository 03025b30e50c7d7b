#!/usr/bin/env bash
# Guess:   a Slack receiver takes any answer 200 for a delivered message, as Alertmanager's webhook receiver does.
# Really:  the body must be `ok`, to the letter, or JSON (by its content type) with "ok": true. A relay or a test sink that
#          answers 200 with nothing, with "OK" or with a line end has failed: the message counts as not sent, and the group
#          is sent again with each flush, so people see it over and over while Alertmanager counts failures.
# Seen:    Alertmanager 0.34.0.
# Source:  prometheus/alertmanager, notify/slack/slack.go: slackResponseHandler, checkTextResponseError.
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

go_module slack github.com/prometheus/alertmanager@v0.34.0 <<'GO'
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/prometheus/alertmanager/config"
	amcommon "github.com/prometheus/alertmanager/config/common"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/notify/slack"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/alertmanager/types"
	commoncfg "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
)

func sent(kind, body string) error {
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		io.WriteString(w, body)
	}))
	defer sink.Close()
	at, _ := url.Parse(sink.URL)
	templates, _ := template.FromGlobs(nil)
	templates.ExternalURL = at
	receiver := &config.SlackConfig{APIURL: &amcommon.SecretURL{URL: at}, HTTPConfig: &commoncfg.HTTPClientConfig{}}
	notifier, err := slack.New(receiver, templates, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	ctx := notify.WithGroupKey(context.Background(), "group")
	_, err = notifier.Notify(ctx, &types.Alert{Alert: model.Alert{Labels: model.LabelSet{"alertname": "A"}}})
	return err
}

func main() {
	for _, body := range []string{"ok", "", "OK", "ok\n"} {
		fmt.Printf("200 text %q: delivered %v\n", body, sent("text/plain", body) == nil)
	}
	for _, body := range []string{`{"ok": true}`, `{"status": "success"}`} {
		fmt.Printf("200 JSON %s: delivered %v\n", body, sent("application/json", body) == nil)
	}
	fmt.Println(sent("text/plain", "OK"))
}
GO
expect 'answers to a Slack message' '200 text "ok": delivered true
200 text "": delivered false
200 text "OK": delivered false
200 text "ok\n": delivered false
200 JSON {"ok": true}: delivered true
200 JSON {"status": "success"}: delivered false
channel "": received an error response from Slack: OK' "$(cd slack && go run .)"
