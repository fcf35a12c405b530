# Cards with pictures of specimens.
gallery-tick = Select
gallery-open = Open specimen
gallery-missing = no picture
