"""Sentences, titles and menu entries in eleven languages and ten scripts, written for `made`."""

from __future__ import annotations

from typing import NamedTuple


class Phrases(NamedTuple):
    """The phrases for pages in one language."""

    sentences: tuple[str, ...]
    titles: tuple[str, ...]
    menu: tuple[str, ...]
    space: str


def _split(text: str, mark: str = "|") -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(mark) if part.strip())


LANGUAGES = {
    "en": Phrases(
        _split(
            "The old ferry crosses the river four times a day, except when the water is too high. | Nobody in the village remembers who built the bridge, but everybody has a theory. | We measured the temperature every hour and wrote it into a small table. | If the cable is loose, switch the device off before you touch it. | Her grandfather planted these trees, which now give shade to the whole street. | The second version is faster, though it needs twice as much memory. | In the evening the market closes, and the sellers pack their baskets. | This step can be skipped when the file already exists. | Three of the five wells were dry by the end of August."
        ),
        _split("The ferry and the river | Repairing a loose cable | Wells in a dry summer | Trees of our street"),
        _split("Home | Products | Contact | Sign in | Imprint | Help | News | Search | Terms of use | Read more | Share"),
        " ",
    ),
    "de": Phrases(
        _split(
            "Die alte Fähre überquert den Fluss viermal am Tag, außer bei Hochwasser. | Niemand im Dorf weiß noch, wer die Brücke gebaut hat, aber jeder hat eine Vermutung. | Wir haben die Temperatur stündlich gemessen und in eine kleine Tabelle geschrieben. | Wenn das Kabel locker ist, schalten Sie das Gerät vorher aus. | Ihr Großvater pflanzte die Bäume, die heute der ganzen Straße Schatten geben. | Die zweite Fassung ist schneller, braucht aber doppelt so viel Speicher. | Am Abend schließt der Markt, und die Händler packen ihre Körbe. | Dieser Schritt kann entfallen, wenn die Datei schon vorhanden ist."
        ),
        _split("Die Fähre und der Fluss | Ein lockeres Kabel befestigen | Brunnen im trockenen Sommer"),
        _split("Startseite | Produkte | Kontakt | Anmelden | Impressum | Hilfe | Suche | Datenschutz | Weiterlesen | Teilen"),
        " ",
    ),
    "zh": Phrases(
        _split(
            "这艘老渡船每天过河四次，水位太高的时候除外。 | 村里没有人记得这座桥是谁修的，可是人人都有自己的说法。 | 我们每小时测一次温度，并把结果记在一张小表里。 | 如果电缆松了，请先关闭设备，再用手去碰它。 | 这些树是她的祖父种下的，如今给整条街带来阴凉。 | 第二个版本更快，不过需要两倍的内存。 | 傍晚市场收摊，卖菜的人把筐子收好，慢慢走回家去。 | 如果文件已经存在，这一步可以跳过。 | 到八月底，五口井里已经有三口干了。"
        ),
        _split("渡船与河流 | 修理松动的电缆 | 干旱夏天的水井"),
        _split("首页 | 产品中心 | 联系我们 | 登录 | 注册 | 帮助 | 新闻 | 搜索 | 使用条款 | 阅读全文 | 分享"),
        "",
    ),
    "ja": Phrases(
        _split(
            "古い渡し船は、水かさが増した日を除いて、一日に四回川を渡ります。 | 橋を誰が架けたのか、村では誰も覚えていませんが、みなそれぞれの説を持っています。 | 私たちは一時間ごとに気温を測り、小さな表に書き込みました。 | ケーブルがゆるんでいるときは、触れる前に電源を切ってください。 | この並木は彼女の祖父が植えたもので、今では通り全体に影を落としています。 | 二番目の版は速いのですが、二倍のメモリを使います。 | 夕方になると市場が閉まり、売り手たちはかごを片づけます。 | ファイルがすでにある場合、この手順は省略できます。"
        ),
        _split("渡し船と川 | ゆるんだケーブルの直し方 | 雨の少ない夏の井戸"),
        _split("ホーム | 製品情報 | お問い合わせ | ログイン | ヘルプ | ニュース | 検索 | 利用規約 | 続きを読む | シェア"),
        "",
    ),
    "ko": Phrases(
        _split(
            "낡은 나룻배는 물이 너무 높은 날을 빼고는 하루에 네 번 강을 건넌다. | 다리를 누가 놓았는지 마을에서 기억하는 사람은 없지만 모두 저마다의 이야기가 있다. | 우리는 한 시간마다 온도를 재어 작은 표에 적었다. | 케이블이 느슨하면 만지기 전에 먼저 장치의 전원을 끄십시오. | 이 나무들은 그녀의 할아버지가 심은 것으로 지금은 온 거리에 그늘을 준다. | 두 번째 판은 더 빠르지만 메모리가 두 배로 필요하다. | 저녁이 되면 시장이 문을 닫고 상인들은 바구니를 챙긴다."
        ),
        _split("나룻배와 강 | 느슨한 케이블 고치기 | 가문 여름의 우물"),
        _split("홈 | 제품 | 문의 | 로그인 | 도움말 | 뉴스 | 검색 | 이용약관 | 더 보기 | 공유하기"),
        " ",
    ),
    "th": Phrases(
        _split(
            "เรือข้ามฟากเก่าแก่ข้ามแม่น้ำวันละสี่ครั้ง ยกเว้นวันที่น้ำสูงเกินไป | ไม่มีใครในหมู่บ้านจำได้ว่าใครสร้างสะพานนี้ แต่ทุกคนมีเรื่องเล่าของตัวเอง | เราวัดอุณหภูมิทุกชั่วโมงแล้วจดลงในตารางเล็ก ๆ | ถ้าสายเคเบิลหลวม ให้ปิดเครื่องก่อนที่จะแตะต้อง | ต้นไม้เหล่านี้คุณปู่ของเธอเป็นคนปลูก และวันนี้ให้ร่มเงาแก่ถนนทั้งสาย | รุ่นที่สองเร็วกว่าแต่ต้องใช้หน่วยความจำเป็นสองเท่า | ตอนเย็นตลาดปิด พ่อค้าแม่ค้าก็เก็บตะกร้ากลับบ้าน"
        ),
        _split("เรือข้ามฟากกับแม่น้ำ | ซ่อมสายเคเบิลที่หลวม | บ่อน้ำในฤดูแล้ง"),
        _split("หน้าแรก | สินค้า | ติดต่อเรา | เข้าสู่ระบบ | ช่วยเหลือ | ข่าว | ค้นหา | อ่านต่อ | แชร์"),
        " ",
    ),
    "ar": Phrases(
        _split(
            "تعبر العبّارة القديمة النهر أربع مرات في اليوم، إلا حين يرتفع الماء كثيرا. | لا أحد في القرية يتذكر من بنى الجسر، لكن لكل واحد منهم رأيا في ذلك. | قسنا درجة الحرارة كل ساعة وكتبناها في جدول صغير. | إذا كان السلك مرتخيا فأطفئ الجهاز قبل أن تلمسه. | زرع جدها هذه الأشجار التي تظلل اليوم الشارع كله. | النسخة الثانية أسرع، لكنها تحتاج إلى ضعف الذاكرة. | في المساء يغلق السوق ويجمع الباعة سلالهم ويعودون إلى بيوتهم."
        ),
        _split("العبّارة والنهر | إصلاح سلك مرتخ | الآبار في صيف جاف"),
        _split("الرئيسية | المنتجات | اتصل بنا | تسجيل الدخول | مساعدة | الأخبار | بحث | شروط الاستخدام | اقرأ المزيد | شارك"),
        " ",
    ),
    "he": Phrases(
        _split(
            "המעבורת הישנה חוצה את הנהר ארבע פעמים ביום, חוץ מימים שבהם המים גבוהים מדי. | איש בכפר אינו זוכר מי בנה את הגשר, אבל לכל אחד יש השערה משלו. | מדדנו את הטמפרטורה מדי שעה ורשמנו אותה בטבלה קטנה. | אם הכבל רופף, כבו את המכשיר לפני שאתם נוגעים בו. | סבא שלה נטע את העצים האלה, שנותנים היום צל לכל הרחוב. | הגרסה השנייה מהירה יותר, אך דורשת זיכרון כפול."
        ),
        _split("המעבורת והנהר | תיקון כבל רופף | בארות בקיץ יבש"),
        _split("דף הבית | מוצרים | צור קשר | כניסה | עזרה | חדשות | חיפוש | תנאי שימוש | קרא עוד | שתף"),
        " ",
    ),
    "hi": Phrases(
        _split(
            "पुरानी नाव दिन में चार बार नदी पार करती है, सिवाय उन दिनों के जब पानी बहुत ऊँचा हो। | गाँव में किसी को याद नहीं कि पुल किसने बनाया, पर सबके पास अपनी कहानी है। | हमने हर घंटे तापमान मापा और उसे एक छोटी तालिका में लिखा। | अगर तार ढीला हो, तो छूने से पहले उपकरण बंद कर दें। | ये पेड़ उसके दादा ने लगाए थे, जो अब पूरी सड़क को छाया देते हैं। | दूसरा संस्करण तेज़ है, पर उसे दुगनी मेमोरी चाहिए। | शाम को बाज़ार बंद होता है और दुकानदार अपनी टोकरियाँ समेटते हैं।"
        ),
        _split("नाव और नदी | ढीले तार की मरम्मत | सूखी गर्मी के कुएँ"),
        _split("मुख्य पृष्ठ | उत्पाद | संपर्क करें | लॉग इन | सहायता | समाचार | खोज | और पढ़ें | साझा करें"),
        " ",
    ),
    "ru": Phrases(
        _split(
            "Старый паром переправляется через реку четыре раза в день, если вода не слишком высока. | Никто в деревне не помнит, кто построил мост, но у каждого есть своя версия. | Мы измеряли температуру каждый час и записывали её в небольшую таблицу. | Если кабель отошёл, выключите прибор, прежде чем прикасаться к нему. | Эти деревья посадил её дед, и теперь они дают тень всей улице. | Вторая версия быстрее, но ей нужно вдвое больше памяти. | Вечером рынок закрывается, и торговцы собирают корзины. | Этот шаг можно пропустить, если файл уже существует."
        ),
        _split("Паром и река | Как закрепить кабель | Колодцы в сухое лето"),
        _split("Главная | Товары | Контакты | Войти | Помощь | Новости | Поиск | Условия | Читать дальше | Поделиться"),
        " ",
    ),
    "el": Phrases(
        _split(
            "Το παλιό πορθμείο περνά το ποτάμι τέσσερις φορές τη μέρα, εκτός αν το νερό είναι πολύ ψηλά. | Κανείς στο χωριό δεν θυμάται ποιος έχτισε τη γέφυρα, αλλά όλοι έχουν μια γνώμη. | Μετρούσαμε τη θερμοκρασία κάθε ώρα και τη γράφαμε σε έναν μικρό πίνακα. | Αν το καλώδιο είναι χαλαρό, κλείστε τη συσκευή πριν το αγγίξετε. | Τα δέντρα αυτά τα φύτεψε ο παππούς της και σήμερα σκιάζουν όλο τον δρόμο. | Η δεύτερη έκδοση είναι πιο γρήγορη, αλλά θέλει διπλάσια μνήμη."
        ),
        _split("Το πορθμείο και το ποτάμι | Επισκευή χαλαρού καλωδίου | Πηγάδια σε ξηρό καλοκαίρι"),
        _split("Αρχική | Προϊόντα | Επικοινωνία | Σύνδεση | Βοήθεια | Νέα | Αναζήτηση | Όροι χρήσης | Περισσότερα"),
        " ",
    ),
}  # fmt: skip
"""The phrases by language."""
