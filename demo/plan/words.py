"""Word lists from which companies and people are named, by country and industry."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Country:
    """How companies, people and addresses look in one country."""

    code: str
    timezone: str
    weight: int
    legal: tuple
    legal_first: bool
    phone: str
    roots: tuple
    cities: tuple
    streets: tuple
    families: tuple
    givens: tuple
    family_first: bool


def _words(text):
    return tuple(text.split())


def _phrases(text):
    return tuple(part.strip() for part in text.split(","))


SINGAPORE = Country(
    "SG",
    "Asia/Singapore",
    32,
    _phrases("Pte. Ltd., Pte. Ltd., Pte. Ltd., Ltd."),
    False,
    "+65 6{:03d} {:04d}",
    _phrases(
        "Anson, Bedok Reach, Boon Lay, Bukit Crest, Cairnhill, Canning, Cecil, Changi"
        " Point, Clementi, Collyer, Coral Bay, Dunearn, East Coast, Eastgate, Emerald"
        " Quay, Fullerton Row, Geylang East, Heritage Lane, Jurong West, Kallang,"
        " Katong, Kent Ridge, Kranji, Labrador, Lion Rock, Marina South, Marymount,"
        " Mount Faber, Newton Park, Northpoint, Novena, Orchid Grove, Outram, Pandan,"
        " Pasir Ris, Paya Lebar, Potong, Punggol, Queenstown, Raintree, Redhill,"
        " Robertson, Sembawang, Seletar, Serangoon, Siglap, Southbank, Straitsview,"
        " Tampines, Tanglin, Telok Blangah, Tiong, Tuas Link, Upper Changi, Verdant,"
        " Victoria Park, Westlake, Whampoa, Woodlands, Yishun"
    ),
    _phrases("Singapore 018956, Singapore 049315, Singapore 138632, Singapore 339509"),
    _phrases("Cecil Street, Science Park Drive, Kallang Avenue, Robinson Road"),
    _words("Tan Lim Lee Ng Wong Chua Goh Koh Teo Ong Chong Yeo Ho Sim Foo Nair Menon"),
    _phrases(
        "Wei Ming, Hui Ling, Jia Hao, Mei Xuan, Kai Wen, Siew Lan, Zhi Wei, Yi Ting,"
        " Boon Kiat, Pei Shan, Arjun, Priya, Daniel, Rachel, Marcus, Grace, Shu Fen"
    ),
    True,
)

MALAYSIA = Country(
    "MY",
    "Asia/Kuala_Lumpur",
    14,
    _phrases("Sdn. Bhd., Sdn. Bhd., Sdn. Bhd., Bhd."),
    False,
    "+60 3-2{:03d} {:04d}",
    _phrases(
        "Alam Jaya, Ampang, Bayu, Bestari, Bintang Timur, Bukit Damansara, Cahaya,"
        " Cempaka, Desa Indah, Gemilang, Gombak, Harmoni, Indera, Intan, Iskandar,"
        " Kasturi, Kenari, Kencana, Kinabalu, Lembah, Makmur, Mutiara, Nusa, Perdana,"
        " Permata, Puncak, Saujana, Selayang, Semarak, Seri Wangsa, Setapak, Suria"
        " Utama, Taming, Teratai, Titiwangsa, Wawasan"
    ),
    _phrases(
        "Kuala Lumpur 50450, Petaling Jaya 47800, George Town 10050, Cyberjaya 63000"
    ),
    _phrases("Jalan Ampang, Jalan Sultan Ismail, Persiaran Multimedia, Jalan Burma"),
    _phrases(
        "Abdullah, Rahman, Ismail, Hassan, Lim, Tan, Wong, Subramaniam, Yusof, Chin"
    ),
    _words("Aisyah Farid Nurul Hafiz Siti Amir Kavitha Jason Mei Azman Suresh Liyana"),
    False,
)

INDONESIA = Country(
    "ID",
    "Asia/Jakarta",
    12,
    ("PT", "PT", "PT"),
    True,
    "+62 21 5{:03d} {:04d}",
    _phrases(
        "Adiluhung, Anugerah, Bhakti Utama, Bumi Lestari, Cakrawala, Cipta Mandiri,"
        " Dharma Karya, Eka Surya, Graha Mitra, Jaya Abadi, Karya Nusantara, Kartika,"
        " Lautan Biru, Mandala, Mega Persada, Merapi, Nusa Raya, Pelita, Prima"
        " Sentosa, Puspa, Rajawali, Samudra, Sejahtera, Sinar Pagi, Sumber Rejeki,"
        " Surya Kencana, Tirta, Tunas Muda, Wahana, Wijaya"
    ),
    _phrases("Jakarta 12190, Jakarta 10220, Bandung 40115, Surabaya 60271"),
    _phrases(
        "Jalan Jenderal Sudirman, Jalan Gatot Subroto, Jalan Asia Afrika, Jalan Pemuda"
    ),
    _words(
        "Santoso Wibowo Hartono Pratama Lestari Kusuma Nugroho Halim Setiawan Siregar"
    ),
    _words("Budi Dewi Agus Rina Andi Maya Dimas Putri Rizky Ayu Hendra Indah Fajar"),
    False,
)

JAPAN = Country(
    "JP",
    "Asia/Tokyo",
    11,
    ("K.K.", "K.K.", "G.K.", "Co., Ltd."),
    False,
    "+81 3-5{:03d}-{:04d}",
    _words(
        "Aoyama Arakawa Asahino Fujimi Fukagawa Hamamatsu Hayama Hinode Hirano"
        " Ikegami Inokashira Kamogawa Kanda Kitazawa Koganei Kurashiki Matsukaze"
        " Mikage Minato Miyako Musashi Nakagawa Nishiki Ogawa Otowa Sakurai Sendagi"
        " Shinonome Sumida Takanawa Tamagawa Tokiwa Tsukuba Ueno Wakaba Yanaka"
    ),
    _phrases("Tokyo 105-0001, Yokohama 220-0012, Osaka 530-0001, Nagoya 450-0002"),
    _phrases("Toranomon, Minatomirai, Umeda, Meieki"),
    _words(
        "Sato Suzuki Takahashi Tanaka Ito Watanabe Yamamoto Nakamura Kobayashi Kato"
    ),
    _words("Haruto Yui Ren Aoi Sota Sakura Kenji Naoko Takumi Misaki Daichi Emi Shota"),
    False,
)

AUSTRALIA = Country(
    "AU",
    "Australia/Sydney",
    11,
    ("Pty Ltd", "Pty Ltd", "Pty Ltd", "Ltd"),
    False,
    "+61 2 9{:03d} {:04d}",
    _phrases(
        "Acacia, Banksia, Barossa, Blue Gum, Bondi, Bowral, Clarence, Coolibah,"
        " Darling Point, Eucla, Fairlight, Glenrock, Grampian, Harbord, Illawarra,"
        " Ironbark, Jervis, Kiewa, Kosciuszko, Lachlan, Macleay, Manly Point, Murray"
        " Bend, Narrabeen, Otway, Parramatta, Redgum, Shoalhaven, Southern Cross,"
        " Tamar, Tasman, Wattle, Wollondilly, Yarra"
    ),
    _phrases(
        "Sydney NSW 2000, Melbourne VIC 3000, Brisbane QLD 4000, Parramatta NSW 2150"
    ),
    _phrases("George Street, Collins Street, Eagle Street, Church Street"),
    _words(
        "Smith Nguyen Jones Williams Brown Taylor Wilson Kelly Martin Anderson Singh"
    ),
    _words(
        "Olivia Jack Charlotte William Amelia Thomas Isla James Mia Ethan Sophie Liam"
    ),
    False,
)

THAILAND = Country(
    "TH",
    "Asia/Bangkok",
    8,
    ("Co., Ltd.", "Co., Ltd.", "PCL"),
    False,
    "+66 2 6{:03d} {:04d}",
    _phrases(
        "Andaman, Bang Na, Chao Phraya, Charoenrat, Chiang Saen, Dusit, Ekkamai,"
        " Isan, Khao Yai, Lanna, Lumphini, Mae Klong, Mekhong, Nakhon, Petchara, Phra"
        " Khanong, Ratchada, Sathorn, Siam Thara, Sukhothai, Suvan, Thonburi, Wang"
        " Thong, Yothin"
    ),
    _phrases("Bangkok 10110, Bangkok 10500, Chiang Mai 50000, Rayong 21000"),
    _phrases("Sukhumvit Road, Silom Road, Nimmanhaemin Road, Sathorn Tai Road"),
    _words(
        "Srisuk Wongsa Chaiyaporn Saetang Boonmee Rattanakul Thongchai Kittisak Suwan"
    ),
    _words("Somchai Anong Niran Kanya Prasert Malee Chatchai Sunisa Wichai Pim Arthit"),
    False,
)

VIETNAM = Country(
    "VN",
    "Asia/Ho_Chi_Minh",
    7,
    ("JSC", "JSC", "Co., Ltd."),
    False,
    "+84 28 3{:03d} {:04d}",
    _phrases(
        "An Khang, An Phu, Bach Dang, Ben Thanh, Binh Minh, Cuu Long, Dong A, Gia"
        " Dinh, Hai Dang, Hong Ha, Hung Vuong, Kim Long, Lac Viet, Lam Son, Minh Chau,"
        " Nam Hai, Phuong Nam, Sao Mai, Song Han, Tam Dao, Tan Tien, Thanh Cong,"
        " Truong Son, Viet Tin"
    ),
    _phrases("Ho Chi Minh City 700000, Ha Noi 100000, Da Nang 550000"),
    _phrases("Nguyen Hue, Le Loi, Tran Hung Dao, Bach Dang"),
    _words("Nguyen Tran Le Pham Hoang Vu Dang Bui Do Ngo"),
    _phrases(
        "Minh Anh, Quang Huy, Thu Ha, Duc Long, Lan Huong, Tuan Kiet, Mai Linh, Hai Nam"
    ),
    True,
)

INDIA = Country(
    "IN",
    "Asia/Kolkata",
    5,
    ("Pvt. Ltd.", "Pvt. Ltd.", "Ltd."),
    False,
    "+91 80 4{:03d} {:04d}",
    _words(
        "Akshara Anant Arunodaya Chandra Deccan Ganga Himadri Indus Jyoti Kaveri"
        " Konark Lakshya Malabar Narmada Nilgiri Pragati Sahyadri Sarvodaya Shakti"
        " Tapti Ujjwal Vasanth Vindhya Yamuna"
    ),
    _phrases("Bengaluru 560001, Mumbai 400051, Chennai 600002, Hyderabad 500081"),
    _phrases("MG Road, Bandra Kurla Complex, Anna Salai, Hitech City Road"),
    _words("Sharma Iyer Reddy Patel Gupta Rao Kulkarni Mehta Nambiar Desai"),
    _words("Aarav Ananya Rohan Kavya Vikram Divya Sanjay Meera Nikhil Lakshmi Rahul"),
    False,
)

COUNTRIES = (
    SINGAPORE,
    MALAYSIA,
    INDONESIA,
    JAPAN,
    AUSTRALIA,
    THAILAND,
    VIETNAM,
    INDIA,
)

# industry: (weight, words that a company of the industry carries in its name)
INDUSTRIES = {
    "Software": (16, ("Software", "Systems", "Digital", "Data Works")),
    "E-commerce": (12, ("Commerce", "Marketplace", "Online Retail")),
    "Financial services": (
        11,
        ("Capital", "Payments", "Finance", "Insurance Services"),
    ),
    "Logistics": (11, ("Logistics", "Freight", "Supply Chain", "Shipping")),
    "Manufacturing": (11, ("Precision", "Electronics", "Industries", "Components")),
    "Media and games": (9, ("Media", "Studios", "Interactive", "Broadcast")),
    "Health": (8, ("Health", "Diagnostics", "Medical", "Biotech")),
    "Education": (7, ("Education", "Learning", "Academy Services")),
    "Travel": (6, ("Travel", "Hospitality", "Airport Services")),
    "Energy": (5, ("Energy", "Renewables", "Utilities")),
    "Construction": (4, ("Engineering", "Construction", "Property Services")),
}

# The name of a group is an adjective and a noun; its members add their trade.
GROUP_ADJECTIVES = _words(
    "Pacific Eastern Northern Southern Coral Granite Silver Amber Crescent Evergreen"
    " Cobalt Sterling Summit Monsoon"
)
GROUP_NOUNS = _words(
    "Crest Gate Harbour Bridge Anchor Ridge Banyan Lotus Beacon Compass Meridian"
    " Trident"
)

# contact role code: titles, most senior first
TITLES = {
    "decision_maker": _phrases(
        "Chief Technology Officer, Chief Information Officer, Head of Infrastructure,"
        " Director of IT, Managing Director"
    ),
    "administrator": _phrases(
        "Cloud Platform Lead, Systems Administrator, DevOps Engineer, IT Manager,"
        " Site Reliability Engineer"
    ),
    "business_user": _phrases(
        "Finance Manager, Procurement Manager, Accounts Payable, Product Manager,"
        " Operations Manager"
    ),
}
