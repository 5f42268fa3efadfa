"""Texts for the pictures."""

TITLES = [
    "Why rainbows are round",
    "Partial indexes in Postgres",
    "A letter to the landlord",
    "巴黎周末行程",
    "A regular expression for dates",
    "Sourdough timing at 19 °C",
    "Untangling an import cycle with a title that is too long for its row",
    "Names for a small bakery",
    "Tax questions, first draft",
    "Explain CRDTs like I am five",
    "Trip to Lisbon",
    "Gift ideas for Marguerite",
]

ROUND = """A rainbow is round because every drop that sends you red light lies at the same angle, \
about **42°**, from the point opposite the sun. Seen from your eye, all the points at one angle \
from a line form a circle; the ground hides its lower half.

1. Light enters a drop and bends.
2. It is reflected once, at the back of the drop.
3. It leaves, bending again: *red at 42°*, violet at 40°.

### The angle, computed

With the refractive index of water, $n = 1.333$, the angle is the largest value of

$$D(i) = 4 \\arcsin\\frac{\\sin i}{n} - 2i$$

```python
from math import asin, degrees, radians, sin

def deviation(incidence, n=1.333):
    \"\"\"Degrees between the sun's rays and what a drop sends back.\"\"\"
    refracted = asin(sin(radians(incidence)) / n)
    return 4 * degrees(refracted) - 2 * incidence

print(max(deviation(i / 10) for i in range(900)))  # 42.1
```

| Colour | $n$ | Angle |
|:--|--:|--:|
| Red | 1.331 | 42.4° |
| Green | 1.335 | 41.8° |
| Violet | 1.344 | 40.5° |

> From an aeroplane one may see the whole ring.
"""
SHORT = "Every drop that sends red light to your eye lies on a cone of 42° around the line \
from the sun through your head.\n\nA cone seen from its tip is a circle."
CHINESE = "彩虹是圆的，因为把同一种颜色的光送到你眼中的水滴，都位于以太阳与你连线为轴、张角约 42° \
的圆锥面上。从圆锥的顶点看过去，圆锥面就是一个圆；地面挡住了下半部分。"

MESSAGES = [
    ("user", "Why are rainbows round? And not, say, square."),
    ("assistant", ROUND),
    ("user", "Thank you! The same in two sentences, please."),
    ("assistant", SHORT),
    ("user", "用中文再说一遍。"),
    ("assistant", CHINESE),
]

POEM = """**Autumn rain**

The gutters learn their oldest song again, a patient grammar made of drop and stone; the gutter \
answers in a minor key, and every window keeps a light alone."""

PROMPTS = [
    ("Translate", "Translate into {{language|English}}, and keep the Markdown:\n\n{{text...}}"),
    ("Minutes of a meeting", "Minutes of {{meeting}} from these notes:\n\n{{notes...}}"),
    ("Plain words", "Say it so that a child of {{age|ten}} understands it: {{text...}}"),
]
