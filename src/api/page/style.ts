/** The page's look: system fonts, two palettes, one column on a phone. */
export const style = `
:root {
  --paper: #fbfbfa; --card: #ffffff; --ink: #1d2327; --faint: #626c74; --line: #e3e6e8;
  --busy: #1769aa; --good: #1b7f4b; --bad: #b3261e; --asks: #8a5a00; --asks-paper: #fff6e0; --track: #e6ebef;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181b; --card: #1b2024; --ink: #e4e8ea; --faint: #98a3ab; --line: #2b3237;
    --busy: #6db3ee; --good: #62c58f; --bad: #f0837a; --asks: #f0b84a; --asks-paper: #2d2615; --track: #2b3339;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 70rem; padding: 1.25rem 1.25rem 3rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif; font-variant-numeric: tabular-nums;
}
body.stale main, body.stale #summary { opacity: .55; }
h1, h2, h3, p, ol, ul, pre { margin: 0; padding: 0; }
h1 { font-size: 1.05rem; letter-spacing: .01em; }
h2 { font-size: .78rem; font-weight: 600; letter-spacing: .07em; text-transform: uppercase; color: var(--faint); margin: 2rem 0 .7rem; }
h3 { font-size: 1rem; font-weight: 600; line-height: 1.35; }
a { color: var(--busy); text-decoration-color: color-mix(in srgb, currentColor 35%, transparent); text-underline-offset: .18em; }
code, pre { font: .87em/1.5 ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, 'DejaVu Sans Mono', monospace; }
pre code { font-size: inherit; }
ul, ol { list-style: none; }
small { font-size: .85em; color: var(--faint); }
.top { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; align-items: baseline; }
#summary p:first-child { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; align-items: baseline; color: var(--faint); }
#summary strong { color: var(--ink); font-weight: 600; }
.short, .trouble { color: var(--bad); }
.trouble { overflow-wrap: anywhere; }
.none { color: var(--faint); }
.about { display: flex; flex-wrap: wrap; gap: .1rem .9rem; align-items: baseline; color: var(--faint); font-size: .9em; overflow-wrap: anywhere; }
.badge { font-size: .75rem; font-weight: 600; padding: .1rem .5rem; border-radius: 1rem; white-space: nowrap; color: var(--tone); background: color-mix(in srgb, var(--tone) 13%, transparent); }
.badge.busy { --tone: var(--busy); } .badge.good { --tone: var(--good); } .badge.bad { --tone: var(--bad); }
.badge.asks { --tone: var(--asks); } .badge.dull { --tone: var(--faint); }
.fragments.running { display: grid; gap: .9rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); align-items: start; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .95rem 1.1rem 1.05rem; }
.card.waits { border-color: color-mix(in srgb, var(--asks) 55%, var(--line)); }
.card header { display: flex; justify-content: space-between; gap: 1rem; align-items: start; margin-bottom: .15rem; }
.waiting { background: var(--asks-paper); border-radius: .4rem; padding: .6rem .75rem .7rem; margin-top: .75rem; font-size: .93em; }
.plan { padding: .3rem 0 .45rem; } .plan .within { margin-left: 1rem; }
.waiting li { padding-top: .2rem; overflow-wrap: anywhere; } .waiting li code { user-select: all; }
.steps { margin-top: .75rem; display: grid; gap: .28rem; }
.steps li { display: grid; grid-template-columns: 1.1rem 1fr auto; gap: 0 .45rem; align-items: baseline; }
.steps i { font-style: normal; color: var(--faint); font-size: .8em; }
.steps em { display: block; font-style: normal; font-size: .9em; color: var(--faint); overflow-wrap: anywhere; }
.steps .waiting { all: unset; }
.steps .done > i { color: var(--good); } .steps .running > i { color: var(--busy); }
.steps .failed > i, .steps .failed em { color: var(--bad); }
.steps .held > i { color: var(--asks); } .steps .held em { color: var(--asks); }
.steps .folded { color: var(--faint); } .steps .running > span, .steps .held > span { font-weight: 600; }
.steps .running em, .steps .held em { font-weight: 400; }
.progress { grid-column: 2 / -1; padding: .3rem 0 .2rem; }
.progress p { display: flex; flex-wrap: wrap; gap: 0 .9rem; font-size: .88em; color: var(--faint); padding-top: .2rem; }
progress { appearance: none; display: block; width: 100%; height: .45rem; border: 0; border-radius: 1rem; overflow: hidden; background: var(--track); }
progress::-webkit-progress-bar { background: var(--track); }
progress::-webkit-progress-value { background: var(--busy); border-radius: 1rem; transition: width .9s linear; }
progress::-moz-progress-bar { background: var(--busy); border-radius: 1rem; }
.zones { display: grid; gap: .9rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr)); margin-bottom: .8rem; }
.zone { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .7rem .95rem .8rem; }
.zone h3 { font-size: .85rem; font-weight: 600; color: var(--faint); margin-bottom: .3rem; }
.zone li { padding: .18rem 0 .18rem 1rem; position: relative; overflow-wrap: anywhere; }
.zone li::before { content: ''; position: absolute; left: 0; top: .68em; width: .5rem; height: .5rem; border-radius: 50%; background: var(--good); }
.zone li.down::before { background: var(--bad); } .zone li.down small { color: var(--bad); }
.zone li small { display: block; line-height: 1.35; }
.zone strong { font-weight: 600; }
.rows { border-top: 1px solid var(--line); }
.rows li { display: flex; flex-wrap: wrap; gap: .1rem .8rem; align-items: baseline; padding: .4rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.rows .badge { min-width: 5.4rem; text-align: center; }
.rows small { margin-left: auto; }
.fragments.objects, .fragments.endpoints, .fragments.proxies { display: grid; gap: .9rem; }
.object { display: grid; grid-template-columns: minmax(0, 44rem) minmax(14rem, 1fr); gap: .4rem 1.6rem; align-items: start; }
.object header, .object .trouble { grid-column: 1 / -1; }
.object h3 small { font-weight: 400; }
.object dl { margin: 0; display: grid; gap: .55rem; grid-column: -2 / -1; }
.object.bare dl { grid-column: 1 / -1; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); }
.object dt { font-size: .78rem; color: var(--faint); }
.object dd { margin: 0; overflow-wrap: anywhere; } .object dd strong { font-weight: 600; }
.object dd small { display: block; line-height: 1.4; } .object .caution { color: var(--asks); }
.guarded header { display: flex; flex-wrap: wrap; gap: .3rem .7rem; align-items: baseline; }
.guarded > .zones { grid-column: 1 / -1; margin: .3rem 0 .6rem; }
.cautions { grid-column: 1 / -1; font-size: .93em; color: var(--asks); } .cautions li { overflow-wrap: anywhere; padding-left: 1.1rem; text-indent: -1.1rem; } .cautions li::before { content: '⚠︎'; display: inline-block; width: 1.1rem; text-indent: 0; }
.guarded .zone { background: none; padding: .5rem .8rem .6rem; } .guarded .caution { color: var(--asks); }
.plot svg { display: block; height: auto; color: var(--faint); } .plot.narrow { display: none; }
@media (max-width: 60rem) { .object { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 34rem) { .plot.wide { display: none; } .plot.narrow { display: block; } }
footer { margin-top: 2.5rem; }
button, input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .4rem .8rem; }
footer button { border: 0; background: none; padding: 0; color: var(--faint); text-decoration: underline; cursor: pointer; font-size: .88em; }
.login { max-width: 22rem; margin: 18vh auto 0; display: grid; gap: 1rem; }
.login form { display: grid; gap: .5rem; }
.login button { background: var(--busy); color: var(--paper); border: 0; font-weight: 600; cursor: pointer; }
:focus-visible { outline: 2px solid var(--busy); outline-offset: 2px; }
@media (max-width: 34rem) { body { padding: 1rem .9rem 2.5rem; } .rows small { margin-left: 0; flex-basis: 100%; } }
`;
