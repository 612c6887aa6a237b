# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""How the page looks: the reader's own fonts, one column, figures that line up; light, dark, and on paper light again.

What is out of sight is not laid out (`content-visibility`), so that a page of thousands of dialogs opens at once.
"""

from __future__ import annotations

from ...judge.verdicts import VERDICTS
from .palette import DARK, GROUP_NAMES, LIGHT, variables

# A verdict has a shape of its own besides its colour and its word.
_SHAPES = {
    "pass": "circle(50%)",
    "not_tested": "inset(38% 0)",
    "degraded": "polygon(50% 0,100% 100%,0 100%)",
    "deferred": "polygon(0 0,100% 50%,0 100%)",
    "inconclusive": "polygon(50% 0,100% 50%,50% 100%,0 50%)",
    "fail": "polygon(20% 0,50% 30%,80% 0,100% 20%,70% 50%,100% 80%,80% 100%,50% 70%,20% 100%,0 80%,30% 50%,0 20%)",
}

_BASE = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0 auto;max-width:78rem;padding:2.25rem clamp(1rem,4vw,3rem) 4rem;background:var(--paper);color:var(--text);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",Arial,sans-serif;
font-variant-numeric:tabular-nums}
h1,h2,h3,p,dl,dd,ol,ul,pre,table{margin:0;padding:0}
h1,h2,h3{line-height:1.25;text-wrap:balance;overflow-wrap:anywhere}
h1{font-size:clamp(1.5rem,1.1rem + 1.6vw,2.1rem);font-weight:650;letter-spacing:-.015em}
h2{font-size:1.2rem;font-weight:650;letter-spacing:-.005em}
h3{font-size:1rem;font-weight:600;text-wrap:pretty}
p{max-width:46rem;overflow-wrap:anywhere}
ul,ol{list-style:none}
a{color:var(--link);text-decoration-thickness:1px;text-underline-offset:.18em}
a:hover{text-decoration-thickness:2px}
:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:3px}
code,pre,.mono{font-family:ui-monospace,SFMono-Regular,"Cascadia Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;
font-size:.86em}
.muted{color:var(--muted)}
.small{font-size:.87rem}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;left:-99rem}
.skip:focus{position:static}
main>section{margin-top:2.75rem}
main>section>h2{padding-bottom:.45rem;border-bottom:1px solid var(--rule);margin-bottom:1rem}
.word{font-weight:600;white-space:nowrap}
.word::before{content:"";display:inline-block;width:.68em;height:.68em;margin-right:.45em;background:currentColor;forced-color-adjust:none;
print-color-adjust:exact;-webkit-print-color-adjust:exact}
"""

_HEAD = """
.kicker{color:var(--muted);font-size:.87rem;margin-bottom:.3rem}
.verdict{margin-top:1rem;font-size:1.15rem}
.verdict .word{padding:.12em .7em .12em .6em;border-radius:2em;margin-right:.35em}
.summary{margin-top:.7rem}
.strip{display:flex;gap:2px;height:.5rem;margin-top:1.25rem;border-radius:.25rem;overflow:hidden}
.strip i{min-width:3px;background:currentColor;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.figures{display:flex;flex-wrap:wrap;gap:.9rem 2.1rem;margin-top:1rem}
.figures dt{color:var(--muted);font-size:.82rem}
.figures dd{font-size:1.05rem;font-weight:600}
.figures .when dd{font-weight:400;font-size:.95rem;padding-top:.08rem}
nav{margin-top:1.4rem;padding-top:.8rem;border-top:1px solid var(--rule)}
nav ul{display:flex;flex-wrap:wrap;gap:.3rem 1.3rem;font-size:.93rem}
.filter{display:inline-flex;gap:.5em;align-items:center;padding:.35rem 0;cursor:pointer}
.filter input{width:1.05rem;height:1.05rem;margin:0;accent-color:var(--link)}
body:has(#problems:checked) .ok{display:none}
"""

_MATRIX = """
.scroll{overflow:auto;max-height:85vh;border:1px solid var(--rule);border-radius:6px}
table{border-collapse:separate;border-spacing:0;font-size:.92rem}
caption{text-align:left;color:var(--muted);font-size:.87rem;padding:.55rem .7rem;border-bottom:1px solid var(--rule)}
caption span{display:block;position:sticky;left:.7rem;width:min(100%,100vw - 5rem)}
th,td{text-align:left;vertical-align:top;padding:.42rem .7rem;border-bottom:1px solid var(--rule)}
tbody tr:last-child>*{border-bottom:0}
thead th{position:sticky;top:0;z-index:2;background:var(--wash);font-weight:600;white-space:nowrap}
th[scope=row]{font-weight:500;overflow-wrap:anywhere;min-width:11rem}
.matrix{width:100%;table-layout:fixed}
.matrix thead th{width:9.5rem;overflow-wrap:anywhere;white-space:normal}
.matrix thead th:first-child{width:15rem}
.matrix th[scope=row]{position:sticky;left:0;z-index:1;background:var(--paper);border-right:1px solid var(--rule)}
.matrix thead th:first-child{left:0;z-index:3;border-right:1px solid var(--rule)}
.matrix td{padding:0;border-left:2px solid var(--paper);border-bottom:2px solid var(--paper)}
.cell a,.cell .none{display:block;height:100%;padding:.42rem .7rem;white-space:nowrap;color:inherit;
text-decoration:none;line-height:1.4}
.cell a:hover{text-decoration:underline}
.cell .after{display:block;color:var(--text);font-size:.87rem}
.host{display:block}
.address{display:block;color:var(--muted);font-size:.82rem;font-weight:400}
"""

_ADVICE = """
.advice>li{display:grid;grid-template-columns:12rem minmax(0,1fr);gap:.2rem 1.6rem;padding:1rem 0;
border-bottom:1px solid var(--rule);break-inside:avoid}
.advice>li:first-child{padding-top:0}
.advice .meta{font-size:.87rem;color:var(--muted)}
.advice .meta .word{font-size:.95rem}
.advice .meta p{margin-top:.2rem}
.advice .body>*+*{margin-top:.4rem}
.next{padding:.45rem .8rem;border-left:3px solid var(--link);background:var(--wash);border-radius:0 4px 4px 0}
.reasons{list-style:disc;padding-left:1.1rem;max-width:46rem}
.reasons li{overflow-wrap:anywhere}
.body .word{white-space:normal}
.places{display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;font-size:.9rem}
.places a{overflow-wrap:anywhere}
details.more>summary,.fold>summary{cursor:pointer;color:var(--link);padding:.2rem 0}
.fold[open]>summary{margin-bottom:.8rem}
"""

_CHANGES = """
.changes>li{padding:.9rem 0;border-bottom:1px solid var(--rule);break-inside:avoid}
.changes{margin-top:1.2rem;border-top:1px solid var(--rule)}
.changes .pair{margin-top:.5rem;max-width:60rem}
.changes .word{margin-right:.3em}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:.8rem}
.pair>div{background:var(--wash);border-radius:5px;padding:.45rem .75rem;min-width:0}
.pair dt{color:var(--muted);font-size:.82rem}
.pair dd{overflow-wrap:anywhere}
h3+.muted{margin-bottom:.6rem}
main>section>p>.word{margin-right:.3em}
main>section>p+.next,main>section>ul+.next{margin-top:.6rem}
main>section>*+h3{margin-top:1.8rem}
.beside{width:100%}
.beside td{min-width:11rem}
.beside .bar{display:block;width:100%;margin-top:.35rem}
.beside .took{float:right;font-size:.9rem}
"""

_OUTAGES = """
.timeline{margin:.4rem 0 1.4rem}
.timeline li{display:grid;grid-template-columns:19rem minmax(0,1fr);gap:0 1rem;align-items:center;padding:.28rem 0}
.timeline .label{font-size:.92rem;overflow-wrap:anywhere;line-height:1.3}
.track{position:relative;display:block;height:1.15rem;border-radius:3px;
print-color-adjust:exact;-webkit-print-color-adjust:exact}
.track i{position:absolute;top:0;bottom:0;min-width:3px;background:var(--fail-ink);border-radius:2px;
forced-color-adjust:none;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.ticks{position:relative;display:block;height:1.3rem;color:var(--muted);font-size:.78rem}
.ticks span{position:absolute;transform:translateX(-50%);white-space:nowrap}
.ticks .start{transform:none}
.ticks .end{transform:translateX(-100%)}
.list{width:100%}
.list td{overflow-wrap:break-word;min-width:6rem}
.list td:last-child{overflow-wrap:anywhere;min-width:14rem}
.scroll+.scroll{margin-top:1.2rem}
"""

_DIALOGS = """
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:.87rem;color:var(--muted);margin-top:.5rem}
.legend li::before{content:"";display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.4em;
background:var(--bar);vertical-align:-.06em;forced-color-adjust:none;print-color-adjust:exact;
-webkit-print-color-adjust:exact}
.group{margin-top:1.5rem;content-visibility:auto;contain-intrinsic-size:auto 12rem}
.group h3{display:flex;flex-wrap:wrap;gap:0 .8rem;align-items:baseline;padding-bottom:.3rem}
.group h3 .small{font-weight:400;color:var(--muted)}
.check{border-top:1px solid var(--rule)}
.check:last-child{border-bottom:1px solid var(--rule)}
.check:has(:target){outline:2px solid var(--link);outline-offset:-1px;border-radius:4px}
.check>summary{display:grid;grid-template-columns:1rem 8rem minmax(6rem,1fr) 6rem minmax(8rem,2fr) 5rem;gap:0 .9rem;
align-items:center;padding:.4rem .3rem;cursor:pointer;list-style:none}
.check>summary::-webkit-details-marker{display:none}
.check>summary::before{content:"";width:.42rem;height:.42rem;border:solid var(--muted);border-width:0 2px 2px 0;
transform:rotate(-45deg);margin-left:.2rem}
.check[open]>summary::before{transform:rotate(45deg)}
.check>summary:hover{background:var(--wash)}
.check .who{overflow-wrap:anywhere}
.check .took{text-align:right}
.bar{display:inline-block;height:.7rem;border-radius:2px;background-color:var(--wash);forced-color-adjust:none;
print-color-adjust:exact;-webkit-print-color-adjust:exact}
.inside{padding:.3rem .3rem 1.3rem 2.2rem}
.inside>*+*{margin-top:.75rem}
.facts{color:var(--muted);font-size:.9rem;max-width:60rem}
.waterfall{font-size:.9rem;max-width:60rem}
.waterfall li{display:grid;grid-template-columns:5.5rem minmax(0,1fr) 9.5rem;gap:0 .9rem;align-items:center;
line-height:1.6}
.waterfall li::after{content:"";grid-area:1/2;height:.7rem;margin-left:var(--at);width:max(2px,var(--for));
background:var(--bar);border-radius:2px;forced-color-adjust:none;print-color-adjust:exact;
-webkit-print-color-adjust:exact}
.waterfall b{grid-area:1/3;font-weight:400;color:var(--muted)}
.p-broke{--bar:var(--fail-ink)}
.waterfall .p-broke b{color:var(--fail-ink);font-weight:600}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--wash);border-radius:5px;padding:.75rem .9rem;
line-height:1.55}
footer{margin-top:3.5rem;padding-top:.9rem;border-top:1px solid var(--rule);color:var(--muted);font-size:.87rem}
"""

_NARROW = """
@media (max-width:44rem){
body{padding-top:1.4rem}
.figures{gap:.7rem 1.5rem}
.advice>li{grid-template-columns:minmax(0,1fr)}
.advice .meta{display:flex;flex-wrap:wrap;gap:0 1rem}
.advice .meta p{margin:0}
th[scope=row]{min-width:8rem}
.list th[scope=row],.beside th[scope=row]{min-width:12.5rem}
.matrix thead th{width:7.8rem}
.matrix thead th:first-child{width:38vw}
.timeline li{grid-template-columns:minmax(0,1fr)}
.check>summary{grid-template-columns:1rem minmax(0,1fr) auto;padding:.5rem .1rem}
.check .who{grid-area:1/2/2/3;order:0}
.check .word{grid-area:2/2/3/3;font-size:.93rem}
.check .phase{grid-area:2/3/3/4;text-align:right;font-size:.93rem}
.check .took{grid-area:1/3/2/4}
.check>summary .bar{grid-area:3/2/4/4;margin-top:.35rem}
.inside{padding-left:.1rem}
.waterfall li{grid-template-columns:4.6rem minmax(0,1fr) 7rem;gap:0 .6rem}
pre{font-size:.78rem;padding:.6rem .7rem}
}
"""

_PAPER = """
@media print{
@page{margin:16mm 14mm}
html{font-size:75%}
body{max-width:none;padding:0;font-size:9.5pt}
nav,.filter,.skip,.more>summary{display:none}
a{color:inherit;text-decoration:none}
.scroll{overflow:visible;max-height:none;border:0}
thead th{position:static}
.matrix th[scope=row]{position:static}
main>section{margin-top:1.6rem}
h2,h3{break-after:avoid}
tr,.check>summary,.waterfall{break-inside:avoid}
.check:has(:target){outline:0}
.group{content-visibility:visible}
}
"""


def stylesheet() -> str:
    """The whole of it."""
    looks = "".join(
        f".v-{verdict}{{color:var(--{verdict}-ink)}}.t-{verdict}{{background:var(--{verdict}-tint)}}"
        f".v-{verdict}.word::before,.v-{verdict} .word::before{{clip-path:{_SHAPES[verdict]}}}"
        for verdict in VERDICTS
    )
    bars = "".join(f".p-{group}{{--bar:var(--{group}-bar)}}" for group in GROUP_NAMES)
    return (
        f":root{{color-scheme:light dark;{variables(LIGHT)}}}"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{variables(DARK)}}}}}"
        f"{_BASE}{_HEAD}{_MATRIX}{_ADVICE}{_CHANGES}{_OUTAGES}{_DIALOGS}{looks}{bars}{_NARROW}{_PAPER}"
    )
