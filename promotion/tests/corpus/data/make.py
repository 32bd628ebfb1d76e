"""Makes the small tables that the sessions read. Invented numbers; nothing of anybody."""

import random

draw = random.Random(7)
with open("patients.csv", "w") as out:
    out.write("age,bmi,smoker,ward,stay,relapse\n")
    for _ in range(240):
        age = draw.randint(18, 90)
        bmi = round(draw.gauss(26, 4), 1)
        smoker = draw.choice(["no", "no", "yes"])
        ward = draw.choice(["north", "south", "west"])
        stay = round(max(1.0, 0.1 * age + (3 if smoker == "yes" else 0) + draw.gauss(0, 2)), 1)
        risk = 0.04 * (age - 50) + (1.2 if smoker == "yes" else -0.4) + draw.gauss(0, 1)
        out.write(f"{age},{bmi},{smoker},{ward},{stay},{'true' if risk > 0 else 'false'}\n")
with open("sales.csv", "w") as out:
    out.write("month,shop,amount,discount\n")
    for month in range(1, 13):
        for shop in ["bergen", "oslo", "tromsoe"]:
            missing = (month, shop) in [(4, "oslo"), (9, "bergen")]
            amount = "" if missing else str(round(100 + 10 * month + draw.gauss(0, 15), 2))
            out.write(f"{month},{shop},{amount},{draw.choice(['0.0', '0.1', '0.25'])}\n")
with open("new_patients.csv", "w") as out:
    out.write("age,bmi,smoker,ward,stay\n30,22.5,no,north,4.0\n71,31.2,yes,west,11.5\n55,27.9,no,south,6.5\n")
with open("stopwords.txt", "w") as out:
    out.write("the\na\nof\nand\n")
with open("reviews.json", "w") as out:
    texts = ["the room was clean", "a noisy street and a bad bed", "clean and friendly", "bad food", "friendly staff", "noisy"]
    out.write("[" + ",\n ".join('{"text": "%s", "stars": %d}' % (text, 5 - 2 * ("bad" in text or "noisy" in text)) for text in texts) + "]\n")
