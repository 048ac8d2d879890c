"""The 200 classes of CUB-200-2011, each with its number of photos and how many of them the official split trains on.

Read off the official classes.txt, image_class_labels.txt and train_test_split.txt (Wah et al., 2011).
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Species(NamedTuple):
    """One class: its official name (`001.Black_footed_Albatross`), photos, and photos of the official training set."""

    name: str
    images: int
    training: int

    @property
    def title(self) -> str:
        """The name as people write it: `Black-footed Albatross`."""
        return re.sub(r"_(?=[a-z])", "-", self.name.partition(".")[2]).replace("_", " ")


_TABLE = """
001.Black_footed_Albatross 60 30
002.Laysan_Albatross 60 30
003.Sooty_Albatross 58 30
004.Groove_billed_Ani 60 30
005.Crested_Auklet 44 30
006.Least_Auklet 41 30
007.Parakeet_Auklet 53 30
008.Rhinoceros_Auklet 48 30
009.Brewer_Blackbird 59 30
010.Red_winged_Blackbird 60 30
011.Rusty_Blackbird 60 30
012.Yellow_headed_Blackbird 56 30
013.Bobolink 60 30
014.Indigo_Bunting 60 30
015.Lazuli_Bunting 58 30
016.Painted_Bunting 58 30
017.Cardinal 57 30
018.Spotted_Catbird 45 30
019.Gray_Catbird 59 30
020.Yellow_breasted_Chat 59 30
021.Eastern_Towhee 60 30
022.Chuck_will_Widow 56 30
023.Brandt_Cormorant 59 30
024.Red_faced_Cormorant 52 30
025.Pelagic_Cormorant 60 30
026.Bronzed_Cowbird 60 30
027.Shiny_Cowbird 60 30
028.Brown_Creeper 59 30
029.American_Crow 60 30
030.Fish_Crow 60 30
031.Black_billed_Cuckoo 60 30
032.Mangrove_Cuckoo 53 30
033.Yellow_billed_Cuckoo 59 30
034.Gray_crowned_Rosy_Finch 59 30
035.Purple_Finch 60 30
036.Northern_Flicker 60 30
037.Acadian_Flycatcher 59 30
038.Great_Crested_Flycatcher 60 30
039.Least_Flycatcher 59 30
040.Olive_sided_Flycatcher 60 30
041.Scissor_tailed_Flycatcher 60 30
042.Vermilion_Flycatcher 60 30
043.Yellow_bellied_Flycatcher 59 30
044.Frigatebird 60 30
045.Northern_Fulmar 60 30
046.Gadwall 60 30
047.American_Goldfinch 60 30
048.European_Goldfinch 60 30
049.Boat_tailed_Grackle 60 30
050.Eared_Grebe 60 30
051.Horned_Grebe 60 30
052.Pied_billed_Grebe 60 30
053.Western_Grebe 60 30
054.Blue_Grosbeak 60 30
055.Evening_Grosbeak 60 30
056.Pine_Grosbeak 60 30
057.Rose_breasted_Grosbeak 60 30
058.Pigeon_Guillemot 58 30
059.California_Gull 60 30
060.Glaucous_winged_Gull 59 30
061.Heermann_Gull 60 30
062.Herring_Gull 60 30
063.Ivory_Gull 60 30
064.Ring_billed_Gull 60 30
065.Slaty_backed_Gull 50 30
066.Western_Gull 60 30
067.Anna_Hummingbird 60 30
068.Ruby_throated_Hummingbird 60 30
069.Rufous_Hummingbird 60 30
070.Green_Violetear 60 30
071.Long_tailed_Jaeger 60 30
072.Pomarine_Jaeger 60 30
073.Blue_Jay 60 30
074.Florida_Jay 60 30
075.Green_Jay 57 30
076.Dark_eyed_Junco 60 30
077.Tropical_Kingbird 60 30
078.Gray_Kingbird 59 30
079.Belted_Kingfisher 60 30
080.Green_Kingfisher 60 30
081.Pied_Kingfisher 60 30
082.Ringed_Kingfisher 60 30
083.White_breasted_Kingfisher 60 30
084.Red_legged_Kittiwake 53 30
085.Horned_Lark 60 30
086.Pacific_Loon 60 30
087.Mallard 60 30
088.Western_Meadowlark 60 30
089.Hooded_Merganser 60 30
090.Red_breasted_Merganser 60 30
091.Mockingbird 60 30
092.Nighthawk 60 30
093.Clark_Nutcracker 60 30
094.White_breasted_Nuthatch 60 30
095.Baltimore_Oriole 60 30
096.Hooded_Oriole 60 30
097.Orchard_Oriole 59 30
098.Scott_Oriole 60 30
099.Ovenbird 60 30
100.Brown_Pelican 60 30
101.White_Pelican 50 30
102.Western_Wood_Pewee 60 30
103.Sayornis 60 30
104.American_Pipit 60 30
105.Whip_poor_Will 49 30
106.Horned_Puffin 60 30
107.Common_Raven 59 29
108.White_necked_Raven 60 30
109.American_Redstart 60 30
110.Geococcyx 60 30
111.Loggerhead_Shrike 60 30
112.Great_Grey_Shrike 60 30
113.Baird_Sparrow 50 30
114.Black_throated_Sparrow 60 30
115.Brewer_Sparrow 59 30
116.Chipping_Sparrow 60 30
117.Clay_colored_Sparrow 59 30
118.House_Sparrow 60 30
119.Field_Sparrow 59 30
120.Fox_Sparrow 60 30
121.Grasshopper_Sparrow 60 30
122.Harris_Sparrow 60 30
123.Henslow_Sparrow 60 30
124.Le_Conte_Sparrow 59 30
125.Lincoln_Sparrow 59 30
126.Nelson_Sharp_tailed_Sparrow 59 29
127.Savannah_Sparrow 60 30
128.Seaside_Sparrow 60 30
129.Song_Sparrow 60 30
130.Tree_Sparrow 60 30
131.Vesper_Sparrow 60 30
132.White_crowned_Sparrow 60 30
133.White_throated_Sparrow 60 30
134.Cape_Glossy_Starling 60 30
135.Bank_Swallow 59 29
136.Barn_Swallow 60 30
137.Cliff_Swallow 60 30
138.Tree_Swallow 60 30
139.Scarlet_Tanager 60 30
140.Summer_Tanager 60 30
141.Artic_Tern 58 29
142.Black_Tern 60 30
143.Caspian_Tern 60 30
144.Common_Tern 60 30
145.Elegant_Tern 60 30
146.Forsters_Tern 60 30
147.Least_Tern 60 30
148.Green_tailed_Towhee 60 30
149.Brown_Thrasher 59 30
150.Sage_Thrasher 60 30
151.Black_capped_Vireo 51 30
152.Blue_headed_Vireo 60 30
153.Philadelphia_Vireo 59 30
154.Red_eyed_Vireo 60 30
155.Warbling_Vireo 60 30
156.White_eyed_Vireo 60 30
157.Yellow_throated_Vireo 59 30
158.Bay_breasted_Warbler 60 30
159.Black_and_white_Warbler 60 30
160.Black_throated_Blue_Warbler 59 30
161.Blue_winged_Warbler 60 30
162.Canada_Warbler 60 30
163.Cape_May_Warbler 60 30
164.Cerulean_Warbler 60 30
165.Chestnut_sided_Warbler 60 30
166.Golden_winged_Warbler 59 30
167.Hooded_Warbler 60 30
168.Kentucky_Warbler 59 30
169.Magnolia_Warbler 59 30
170.Mourning_Warbler 60 30
171.Myrtle_Warbler 60 30
172.Nashville_Warbler 60 30
173.Orange_crowned_Warbler 60 30
174.Palm_Warbler 60 30
175.Pine_Warbler 60 30
176.Prairie_Warbler 60 30
177.Prothonotary_Warbler 60 30
178.Swainson_Warbler 56 30
179.Tennessee_Warbler 59 30
180.Wilson_Warbler 60 30
181.Worm_eating_Warbler 59 30
182.Yellow_Warbler 60 30
183.Northern_Waterthrush 60 30
184.Louisiana_Waterthrush 60 30
185.Bohemian_Waxwing 60 30
186.Cedar_Waxwing 60 30
187.American_Three_toed_Woodpecker 50 30
188.Pileated_Woodpecker 60 30
189.Red_bellied_Woodpecker 60 30
190.Red_cockaded_Woodpecker 58 29
191.Red_headed_Woodpecker 60 30
192.Downy_Woodpecker 60 30
193.Bewick_Wren 60 30
194.Cactus_Wren 60 30
195.Carolina_Wren 60 30
196.House_Wren 59 29
197.Marsh_Wren 60 30
198.Rock_Wren 60 30
199.Winter_Wren 60 30
200.Common_Yellowthroat 60 30
"""


def _species(row: str) -> Species:
    name, images, training = row.split()
    return Species(name, int(images), int(training))


SPECIES = tuple(_species(row) for row in _TABLE.split("\n") if row)
"""In the official order: class number n is SPECIES[n - 1]."""
