"""`gen-chart doctor`: why is my panel empty?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator.choices.request import Request
from generator.cli.generate import cli
from generator.cli.options import load_build, load_sources, report_option, request_options
from generator.errors import Exit, InputError, bad_input

if TYPE_CHECKING:
    from generator.doctor.report import Report

_FILE = click.Path(path_type=Path)


@cli.command(short_help="Why is my panel empty? Looks at a running cluster.")
@click.option("--prometheus", "url", metavar="URL", help="The Prometheus to look at, as http://localhost:9090.")
@click.option("--user", default="", metavar="NAME", help="Log in to Prometheus as this user, with --password-file.")
@click.option("--password-file", type=_FILE, metavar="FILE", help="A file with the password on its first line.")
@click.option("--token-file", type=_FILE, metavar="FILE", help="A file with a bearer token for Prometheus.")
@click.option("--ca-file", type=_FILE, metavar="FILE", help="Authorities to trust in place of the system's.")
@click.option("--cert-file", type=_FILE, metavar="FILE", help="A certificate of ours for mTLS, PEM.")
@click.option("--key-file", type=_FILE, metavar="FILE", help="Its key, if it is not in the same file.")
@click.option("--sigv4-region", default="", metavar="REGION", help="Sign for Amazon Managed Service for Prometheus.")
@click.option("--kube-context", metavar="NAME", help="Look at this cluster of the kubeconfig too.")
@click.option("--kubeconfig", type=_FILE, metavar="FILE", help="The kubeconfig, if it is not the usual one.")
@click.option("--in-cluster", is_flag=True, help="Look at the cluster that this runs in, as its ServiceAccount.")
@click.option("--grafana", "grafana_url", metavar="URL", help="Look at this Grafana's data sources and dashboards too.")
@click.option("--grafana-token-file", type=_FILE, metavar="FILE", help="A file with a token of a service account.")
@click.option("--opensearch", "opensearch_url", metavar="URL", help="Look at this OpenSearch too.")
@click.option("--opensearch-user", default="", metavar="NAME", help="Log in to OpenSearch as this user.")
@click.option("--opensearch-password-file", type=_FILE, metavar="FILE", help="A file with that user's password.")
@click.option("--dashboard", "foreign", type=_FILE, metavar="FILE.json", help="Look at this Grafana dashboard alone.")
@click.option("--chart", type=_FILE, metavar="DIR", help="A chart that gen-chart wrote: what it has should be there.")
@click.option("--panel", default="", metavar="TITLE", help="Look at the panels with this title alone.")
@click.option("--watch", type=click.IntRange(min=5), metavar="SECONDS", help="Look again and again, this often.")
@click.option("--timeout", default=20.0, show_default=True, metavar="SECONDS", help="How long one answer may take.")
@click.option("--parallel", default=6, show_default=True, type=click.IntRange(1, 32), help="Questions at a time.")
@report_option
@request_options()
@click.pass_context
def doctor(ctx: click.Context, /, request: Request, output: str, watch: int | None, **options: Any) -> None:
    """Say why panels are empty: look at a running cluster, read only, and name the first cause of each silence.

    With the address of a Prometheus alone it tells which targets are down and why, what runs and is not scraped, which
    rules fail, which queries of the dashboards have no answer, and what answers and misleads. --profile, -f and --set,
    or --chart, say what should be there, and else the release in the cluster; without all of them, what this program
    knows of is looked for, and what is not in the cluster is no fault.

    Exit code 0 means that nothing is to be mended, 1 that something is, 2 that nothing could be looked at.
    """
    import time

    while watch:
        try:
            text = _shown(_look(request, **options), output)
        except InputError as error:  # it may be there again the next time
            text = "".join(f"error: {problem}\n" for problem in error.problems)
        if output == "text":
            click.clear()
        click.echo(text, nl=False)
        time.sleep(watch)
    report = _look(request, **options)
    click.echo(_shown(report, output), nl=False)
    if report.ill:
        ctx.exit(Exit.CHECK_FAILED)


def _look(request: Request, url: str | None, foreign: Path | None, panel: str, **options: Any) -> Report:
    """Returns a report of one look.

    Raises:
        InputError: there is nothing to look at, or it does not answer.
    """
    import time

    from generator.doctor.asking import Places, look_at
    from generator.doctor.release import of_folder, with_values
    from generator.doctor.web import Access, AnswerError, Limits

    def access(prefix: str, **more: Any) -> Access:
        kept = {name: options.get(f"{prefix}{name}") for name in ("user", "password_file", "token_file")}
        return Access(**{name: value for name, value in kept.items() if value}, ca_file=options["ca_file"], **more)

    start = time.monotonic()
    places = Places(
        prometheus=url or "",
        access=access("", certificate=options["cert_file"], key=options["key_file"], region=options["sigv4_region"]),
        cluster=bool(options["kube_context"] or options["kubeconfig"] or options["in_cluster"]),
        context=options["kube_context"],
        kubeconfig=options["kubeconfig"],
        grafana=options["grafana_url"] or "",
        grafana_access=access("grafana_"),
        opensearch=options["opensearch_url"] or "",
        opensearch_access=access("opensearch_"),
    )
    if not (places.prometheus or places.cluster):
        raise click.UsageError(
            "say where to look: --prometheus URL, as --prometheus http://localhost:9090, or --kube-context NAME"
        )
    chosen = bool(request.profile or request.tfvars or options["chart"])
    build = load_build(
        request if request.profile or request.tfvars else Request("standalone", request.overlays, request.sets),
        load_sources(),
    )
    if options["chart"]:
        build = with_values(build, of_folder(options["chart"]))
    limits = Limits(seconds=options["timeout"], parallel=options["parallel"])
    boards = None if foreign is None else [_read_board(foreign)]
    try:
        return look_at(places, build, limits, boards=boards, panel=panel, chosen=chosen, start=start, progress=_said)
    except AnswerError as error:
        raise bad_input(str(error)) from None


def _read_board(path: Path) -> Any:
    from generator.doctor.boards import foreign_board
    from generator.files.yamlfile import read_text
    from generator.verify.grafana import parse_json

    return foreign_board(parse_json(read_text(path), str(path)), str(path))


def _said(text: str) -> None:
    click.secho(f"{text} …", fg="bright_black", err=True)


def _shown(report: Report, output: str) -> str:
    import json
    import os
    import shutil

    from generator.doctor.printing import as_markdown, as_text
    from generator.doctor.report import as_data

    if output == "json":
        return json.dumps(as_data(report), indent=2, ensure_ascii=False) + "\n"
    if output == "markdown":
        return as_markdown(report)
    # click takes colours away where nobody sees them; who asks for none gets none.
    style = (lambda text, **_: text) if os.environ.get("NO_COLOR") else click.style
    return as_text(report, shutil.get_terminal_size((100, 24)).columns, style)
