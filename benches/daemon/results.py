"""What was measured, kept by bench, metric and candidate, and shown as a table of medians."""
import statistics


class NA(Exception):
    """the candidate lacks this, or did it wrongly"""


class Results:
    def __init__(self, cands):
        self.cands, self.m = cands, {}

    def _e(self, bench, metric, unit, better):
        e = self.m.setdefault((bench, metric), {"unit": unit, "better": better, "values": {}, "na": {}})
        e["unit"], e["better"] = unit or e["unit"], better or e["better"]
        return e

    def add(self, bench, metric, cand, value, unit, better="lower"):
        self._e(bench, metric, unit, better)["values"].setdefault(cand, []).append(value)

    def na(self, bench, metric, cand, why):
        self._e(bench, metric, "", "")["na"].setdefault(cand, str(why)[:200])

    def dump(self):
        out = {}
        for (b, m), e in self.m.items():
            out.setdefault(b, {})[m] = {
                "unit": e["unit"], "better": e["better"], "na": e["na"],
                "values": {c: {"median": statistics.median(v), "min": min(v), "max": max(v), "all": v}
                           for c, v in e["values"].items()}}
        return out

    @staticmethod
    def fmt(x):
        if x is None:
            return "-"
        a = abs(x)
        return f"{x:.0f}" if a >= 1000 else f"{x:.1f}" if a >= 100 else f"{x:.3g}" if a >= 0.001 or not a else f"{x:.1e}"

    def table(self):
        rows, ref = [], self.cands[0]
        head = ["bench", "metric", "unit", ref + " [min-max]"]
        for c in self.cands[1:]:
            head += [c + " [min-max]", f"x vs {ref}"]
        head += ["limit", "which"] + [f"{c}/limit" for c in self.cands]
        for (b, m), e in self.m.items():
            low = e["better"] != "higher"
            med = {c: statistics.median(v) for c, v in e["values"].items()}
            lim = {c: v for c, v in med.items() if c.startswith("limit:")}
            bl = (min if low else max)(lim, key=lim.get) if lim else None
            row = [b, m, e["unit"]]
            for i, c in enumerate(self.cands):
                if c in med:
                    v = e["values"][c]
                    row.append(f"{self.fmt(med[c])} [{self.fmt(min(v))}-{self.fmt(max(v))}]")
                else:
                    row.append("n/a: " + e["na"][c][:40] if c in e["na"] else "")
                if i:
                    ok = c in med and ref in med and med[c] and med[ref]
                    r = (med[ref] / med[c] if low else med[c] / med[ref]) if ok else None
                    row.append(f"{r:.2f}x" if ok else "")
            row += [self.fmt(lim[bl]) if bl else "", bl[6:] if bl else ""]
            for c in self.cands:
                ok = bl and c in med and med[c] and lim[bl]
                row.append(f"{med[c] / lim[bl] if low else lim[bl] / med[c]:.2f}x" if ok else "")
            rows.append(row)
        w = [max(len(str(r[i])) for r in [head] + rows) for i in range(len(head))]
        line = lambda r: "| " + " | ".join(str(x).ljust(n) for x, n in zip(r, w)) + " |"
        return "\n".join([line(head), "|" + "|".join("-" * (n + 2) for n in w) + "|"] + [line(r) for r in rows])
