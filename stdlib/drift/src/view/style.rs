//! The style sheet of the HTML report: JupyterLab's colours where there are any, else the system's scheme.

pub(super) const STYLE: &str = "<style>\
.idr{--ink:var(--jp-content-font-color1,#1f2328);--soft:var(--jp-content-font-color2,#59636e);--page:var(--jp-layout-color1,#fff);\
--card:var(--jp-layout-color2,#f6f8fa);--line:var(--jp-border-color2,#d8dee4);--ref:#9aa4af;--cur:#0969b8;--bad:#c4420a;--good:#2a7d4f;--badbg:#c4420a14;--goodbg:#2a7d4f14;\
color:var(--ink);background:var(--page);font:13px/1.45 system-ui,-apple-system,'Segoe UI',sans-serif;padding:4px 2px;max-width:1120px}\
@media (prefers-color-scheme:dark){.idr{--ink:var(--jp-content-font-color1,#e6edf3);--soft:var(--jp-content-font-color2,#9aa5b1);\
--page:var(--jp-layout-color1,#12161b);--card:var(--jp-layout-color2,#1b2128);--line:var(--jp-border-color2,#343c46)}\
.idr{--ref:#77828e;--cur:#58b1f5;--bad:#f58a4b;--good:#5cc08a;--badbg:#f58a4b1c;--goodbg:#5cc08a1c}}\
body[data-jp-theme-light=true] .idr{--ref:#9aa4af;--cur:#0969b8;--bad:#c4420a;--good:#2a7d4f;--badbg:#c4420a14;--goodbg:#2a7d4f14}\
body[data-jp-theme-light=false] .idr{--ref:#77828e;--cur:#58b1f5;--bad:#f58a4b;--good:#5cc08a;--badbg:#f58a4b1c;--goodbg:#5cc08a1c}\
.idr *{box-sizing:border-box}.idr p{margin:0;color:inherit}.idr .s{color:var(--soft)}.idr a{color:inherit;text-decoration:none}.idr a:hover{text-decoration:underline}\
.idr h2{font-size:15px;font-weight:600;margin:22px 0 8px;color:inherit}.idr h3{font-size:14px;font-weight:600;margin:0;color:inherit;overflow-wrap:anywhere}\
.idr .top{border:1px solid var(--line);border-left:5px solid var(--good);border-radius:6px;padding:12px 16px;background:var(--goodbg)}\
.idr .top.bad{border-left-color:var(--bad);background:var(--badbg)}.idr .top b{font-size:17px;font-weight:600}\
.idr .meter{position:relative;height:8px;background:var(--line);border-radius:4px;margin:16px 0 20px}\
.idr .meter i{position:absolute;left:0;top:0;bottom:0;background:var(--good);border-radius:4px}.idr .bad .meter i{background:var(--bad)}\
.idr .meter u{position:absolute;top:-4px;height:16px;width:2px;margin-left:-1px;background:var(--ink)}\
.idr .meter em{position:absolute;top:13px;font-style:normal;font-size:11px;color:var(--soft);transform:translateX(-50%);white-space:nowrap}\
.idr .key{display:inline-block;width:11px;height:11px;border-radius:2px;background:var(--ref);margin:0 5px 0 0;vertical-align:-1px}.idr .key.c{background:var(--cur)}\
.idr .schema{color:var(--bad);font-weight:600;margin-top:8px}.idr .keys>span{display:inline-block;margin-right:18px}\
.idr ul{margin:4px 0;padding:0;list-style:none}.idr li{padding:2px 0 2px 10px;border-left:3px solid var(--line);margin:3px 0;overflow-wrap:anywhere}.idr li.g{border-left-color:var(--bad)}\
.idr li b{font-weight:600;margin-right:6px}\
.idr table{border-collapse:collapse;border:none;margin:0;color:inherit;font-size:13px;font-variant-numeric:tabular-nums;table-layout:auto}\
.idr td,.idr th{border:none;padding:4px 14px 4px 0;text-align:left;background:none;color:inherit;font-weight:400;vertical-align:middle}\
.idr tbody tr{background:none!important}.idr th{color:var(--soft);font-size:12px;white-space:nowrap}.idr td.r,.idr th.r{text-align:right;white-space:nowrap}\
.idr .rank{width:100%}.idr .rank td.t{white-space:nowrap}.idr .rank tbody tr{border-top:1px solid var(--line)}.idr .rank td:first-child{overflow-wrap:anywhere;font-weight:500;min-width:130px}\
.idr .rank tr.d td.v{color:var(--bad);font-weight:600}.idr .rank tr.u{color:var(--soft)}.idr .rank td.ch{max-width:230px;min-width:130px;overflow-wrap:anywhere;font-size:12px;color:var(--soft)}\
.idr .tag{display:inline-block;font-size:11px;font-weight:400;color:var(--soft);border:1px solid var(--line);border-radius:9px;padding:0 7px;vertical-align:1px;white-space:nowrap}\
.idr .tag.d{color:var(--bad);border-color:var(--bad)}.idr .tag.o{color:var(--good);border-color:var(--good)}\
.idr .bar{position:relative;height:8px;width:130px;background:var(--line);border-radius:4px}.idr .bar i{display:block;height:8px;border-radius:4px;background:var(--good)}\
.idr tr.d .bar i{background:var(--bad)}.idr .bar u{position:absolute;left:50%;top:-3px;height:14px;width:1px;background:var(--ink)}\
.idr .scroll{overflow-x:auto;max-width:100%}\
.idr .cards{display:grid;align-items:start;grid-template-columns:repeat(auto-fill,minmax(min(100%,420px),1fr));gap:12px}\
.idr .card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px 14px;min-width:0;scroll-margin-top:8px}\
.idr svg{display:block;overflow:visible}.idr .hist{width:100%;height:auto;margin:10px 0 6px}.idr svg text{fill:var(--soft);font:11px system-ui,sans-serif}\
.idr .fr{fill:var(--ref);fill-opacity:.55}.idr .fc{fill:var(--cur);fill-opacity:.16}.idr .lc{fill:none;stroke:var(--cur);stroke-width:1.6;stroke-linejoin:round}\
.idr .bc{fill:var(--cur)}.idr .br{fill:var(--ref)}.idr .ax{stroke:var(--line);fill:none}.idr .mr{stroke:var(--ref);stroke-width:1.5;stroke-dasharray:3 3}.idr .mc{stroke:var(--cur);stroke-width:1.5;stroke-dasharray:3 3}\
.idr .hit{fill:transparent}.idr .hit:hover{fill:var(--ink);fill-opacity:.07}\
.idr .nums{width:100%;font-size:12px;margin-top:4px}.idr .nums td,.idr .nums th{padding:1px 10px 1px 0}.idr .nums td:last-child,.idr .nums th:last-child{padding-right:0}\
.idr .cats{width:100%;margin-top:8px;font-size:12px}.idr .cats td{padding:2px 10px 2px 0}.idr .cats td:first-child{max-width:150px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.idr .cats td:last-child{padding-right:0}\
.idr .duo{min-width:90px}.idr .duo i{display:block;height:5px;border-radius:2px;background:var(--ref)}.idr .duo i+i{background:var(--cur);margin-top:1px}\
.idr .notes p{margin:3px 0;color:var(--soft);max-width:90ch}.idr details>summary{cursor:pointer;color:var(--soft);margin:6px 0}\
@media print{.idr .card{break-inside:avoid}}\
</style>";
